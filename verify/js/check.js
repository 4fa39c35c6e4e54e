/**
 * Evidence, trust and a time go in; the verdict with its twelve numbered steps comes out. As `verify/check.py`, step by
 * step: steps 1 to 6 end the check where they fail, the others are all done. No claim leaves here before step 5 passed.
 *
 * @typedef {{text?: string, credential?: Uint8Array, proof?: Uint8Array | null, askedLog?: boolean,
 *            life?: Uint8Array[]}} Evidence
 */

import { hex } from "/js/ledger/bytes.js";
import { checkSign1 } from "/js/ledger/cose.js";
import { BadSignature, MalanError, Refused } from "/js/ledger/errors.js";
import { publicKey } from "/js/ledger/keys.js";
import { needed } from "/js/ledger/policy.js";
import { parseCredential } from "/js/issuers/credential.js";
import { parseText } from "/js/issuers/qr.js";
import { statusValue } from "/js/issuers/status.js";
import { decided, readLife } from "/js/verify/life.js";
import { bind, checkAgreement, madeOn, openLogged, quorum } from "/js/verify/logged.js";
import { entitled } from "/js/verify/scope.js";
import { dayOf, instant } from "/js/verify/times.js";
import { conclude, failed, passed, unknown } from "/js/verify/verdict.js";

const SKEW = 300;
const YOUNG = 600;
const FATAL = ["unreadable", "unreadable", "could_not_check", "unknown_issuer", "tampered", "tampered"];
const STATUS = ["valid", "revoked", "suspended", "superseded"];

/**
 * The verdict on a QR text at `now` (seconds since 1970).
 * @param {Evidence} evidence
 * @param {import("/js/verify/trust.js").Trust} trust
 * @param {{now: number, words: any, requireProof?: boolean}} how
 */
export async function check(evidence, trust, { now, words, requireProof = false }) {
  const findings = [];
  const witnesses = trust.policy.witnesses.length;
  const genuine = await readGenuine(evidence, trust, findings);
  if (genuine === null) return conclude(findings, words, { now, witnesses });
  const { claims, trust: own } = genuine;
  const [logged, doubt] = await readLogged(evidence, genuine, own);
  const [right, issuer] = issuerStep(genuine, logged, own);
  const listed = own.lists.get(claims.statusList) ?? null;
  const age = listed === null ? null : now - listed.issuedAt;
  const fresh = listed === null ? null : -SKEW <= age && age <= listed.ttl;
  const life = await readLife(evidence.life ?? [], logged, own, { version: claims.version });
  const [status, said] = statusStep(listed, claims, life, fresh);
  findings.push(
    issuer,
    timeStep(claims, now),
    loggedStep(logged, doubt, { asked: evidence.askedLog === true, claims, now, requireProof }),
    keyStep(genuine, logged),
    status,
    finalStep(logged),
  );
  return conclude(findings, words, {
    now,
    complete: logged !== null,
    final: logged !== null && quorum(logged),
    cosigned: logged === null ? 0 : logged.cosignatures.length,
    witnesses: logged === null ? witnesses : logged.policy.witnesses.length,
    fresh,
    facts: factsOf(genuine, logged, right, listed, own),
    life: said === null ? null : decided(life, said, words),
  });
}

/**
 * Steps 1 to 6, one finding each up to the first that fails. `trust` of what they leave is the one that certificates of
 * this body are judged by.
 */
async function readGenuine(evidence, trust, findings) {
  const done = (code = "") => findings.push(passed(findings.length + 1, code));
  try {
    const { code, credential } = readEvidence(evidence, trust);
    done(code === null ? "FROM_FILE" : "");
    const { claims, message } = parseCredential(credential);
    done();
    const own = await trust.of(claims.number.issuer);
    done(own.pinned ? "" : "TRUST_FIRST_USE");
    const key = enrolledKey(own, message.kid);
    done();
    const verifier = await publicKey(key.alg, key.spki);
    await checkSign1(message, verifier);
    done();
    if (code !== null && code !== claims.code) {
      throw new BadSignature("CODE_OTHER", "the code in the address is not the signed one");
    }
    done(code === null ? "FROM_FILE" : "");
    return { claims, credential, key, verifier, trust: own };
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    findings.push(failed(findings.length + 1, FATAL[findings.length], error));
    return null;
  }
}

/** A QR text has an address whose code is compared; the bytes of a file have none. */
function readEvidence({ text, credential }, trust) {
  return text === undefined ? { code: null, credential } : parseText(text, trust.bundle.hosts);
}

function enrolledKey(trust, kid) {
  const key = trust.facts.get("key", hex(kid));
  if (key === null) throw new Refused("KEY_UNKNOWN", "the bundle enrols no such key");
  if (key.staff === null) throw new Refused("KEY_SERVICE", "keys of the service sign no certificates");
  return key;
}

/** The leaf the proof shows, bound to this credential; or why the proof given shows nothing. */
async function readLogged(evidence, { credential, verifier }, trust) {
  if ((evidence.proof ?? null) === null) return [null, null];
  try {
    const logged = await openLogged(evidence.proof, trust);
    await bind(logged, { credential, key: verifier, trust });
    return [logged, null];
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    return [null, error];
  }
}

/** Step 7: by the leaf's place and date where there is one, else by the time the signer claims. */
function issuerStep({ claims, key }, logged, trust) {
  let refusal = null;
  for (const [past, day] of moments(claims, logged, trust)) {
    try {
      const standard = logged === null ? null : logged.act.standard;
      const right = entitled(past, claims, { kid: key.key, day, standard });
      if (logged !== null) checkAgreement(logged, claims, right.party.key);
      return [right, passed(7)];
    } catch (error) {
      if (!(error instanceof MalanError)) throw error;
      refusal = refusal ?? error;
    }
  }
  return [null, failed(7, "out_of_scope", refusal)];
}

/** The past as it stood at issue. A signer's clock may differ from the log's by the skew. */
function moments(claims, logged, trust) {
  if (logged !== null) return [[trust.history.before(logged.leaf.seq), madeOn(logged)]];
  const day = dayOf(claims.issuedAt);
  return [claims.issuedAt, claims.issuedAt + SKEW].map((seconds) => [trust.history.until(seconds * 1000 + 999), day]);
}

function timeStep(claims, now) {
  if (claims.issuedAt > now + SKEW) return failed(8, "not_yet_valid", "NOT_YET_VALID");
  if (claims.expiresAt !== null && now >= claims.expiresAt) return failed(8, "expired", "EXPIRED");
  return passed(8);
}

/** A proof that does not hold is no proof; it also is no sign that the log has nothing. */
function loggedStep(logged, doubt, { asked, claims, now, requireProof }) {
  if (logged !== null) return passed(9);
  if (asked) {
    if (now - claims.issuedAt <= YOUNG) return unknown(9, "NOT_LOGGED_YET", "could_not_check");
    return failed(9, "not_logged", "NOT_LOGGED");
  }
  if (doubt !== null) return failed(9, "could_not_check", doubt);
  return requireProof ? unknown(9, "PROOF_REQUIRED", "could_not_check") : unknown(9, "PROOF_ABSENT");
}

/** Step 10, with the log's order where a proof gives it, else the signer's own time. */
function keyStep({ claims, key }, logged) {
  if (key.revokedSeq === null) return passed(10);
  const late = logged === null ? claims.issuedAt * 1000 > key.revokedMs : logged.leaf.seq > key.revokedSeq;
  if (late) return failed(10, "out_of_scope", "KEY_REVOKED");
  const since = key.compromisedSince;
  if (key.cause !== "compromised" || since === null) return passed(10);
  if (logged !== null && logged.leaf.timeMs < since * 1000 && quorum(logged, { before: since })) return passed(10);
  return unknown(10, "KEY_COMPROMISED", "could_not_check");
}

/**
 * Step 11: the list, and what the log's own acts say beyond it; the act that decides, if one is known. Ends and new
 * versions are for good; a suspension counts where the list says so or was made before it.
 */
function statusStep(listed, claims, life, fresh) {
  const value = listed === null ? null : STATUS[statusValue(listed, claims.statusIndex)];
  const known = listed !== null && life.suspended !== null && value !== "suspended" && life.suspended.seq < listed.size;
  const hung = known ? null : life.suspended;
  const found = (state, said) => {
    const code = said === null ? `STATUS_${state.toUpperCase()}` : `LIFE_${said.kind.split("-")[1].toUpperCase()}`;
    return [failed(11, state, code), said];
  };
  if (life.ended !== null) return found(life.ended.kind === "certificate-revoked" ? "revoked" : "cancelled", life.ended);
  if (value === "revoked") return found("revoked", null);
  if (life.followed !== null || value === "superseded") return found("superseded", life.followed);
  if (hung !== null || value === "suspended") return found("suspended", hung);
  if (listed === null) return [unknown(11, "STATUS_MISSING", "could_not_check"), null];
  return [fresh ? passed(11) : unknown(11, "STATUS_NOT_FRESH"), null];
}

/** Step 12 never decides a state: issuing does not wait for witnesses, money does. */
function finalStep(logged) {
  if (logged === null) return unknown(12, "NO_PROOF");
  if (needed(logged.policy) === 0) return unknown(12, "NO_WITNESSES");
  return quorum(logged) ? passed(12) : unknown(12, "NOT_FINAL");
}

function factsOf({ claims, key }, logged, right, listed, trust) {
  const { number } = claims;
  const party = right === null ? trust.facts.get("party", key.party) : right.party;
  return {
    number: number.text,
    code: claims.code,
    name: claims.name,
    last_four: claims.lastFour,
    course: claims.course,
    hours: claims.hours,
    kind: number.kind,
    stage: number.stage,
    project: right === null ? number.project : right.standard.project,
    body: { id: key.party, zh: party?.name ?? "", en: party?.nameEn ?? "" },
    signatory: key.staff,
    kid: key.key,
    version: Number(claims.version),
    issued_on: logged === null ? (claims.firstIssuedOn ?? dayOf(claims.issuedAt)) : logged.act.issued_on,
    version_on: logged === null ? dayOf(claims.issuedAt) : madeOn(logged),
    issued_at: instant(claims.issuedAt),
    expires_at: claims.expiresAt === null ? null : instant(claims.expiresAt),
    status: listed === null ? null : STATUS[statusValue(listed, claims.statusIndex)],
    status_at: listed === null ? null : instant(listed.issuedAt),
    seq: logged === null ? null : logged.leaf.seq,
    logged_at: logged === null ? null : instant(Math.floor(logged.leaf.timeMs / 1000)),
    certificate: logged === null ? null : logged.certificate,
    origin: trust.bundle.origin,
    genesis: trust.bundle.genesis,
  };
}
