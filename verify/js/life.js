/**
 * What became of a certificate, by acts that stand in the log: its end, and the version in force. As `verify/life.py`:
 * an act counts only under a checkpoint of the log, after this credential's entry, signed by a signatory in office of
 * the body that issued it; what does not hold says nothing.
 *
 * @typedef {{kind: string, reason: string, seq: number, on: string, version: number | null}} Said
 * @typedef {{ended: Said | null, followed: Said | null, current: Said | null, suspended: Said | null}} Life
 */

import { hex } from "/js/ledger/bytes.js";
import { checkSign1 } from "/js/ledger/cose.js";
import { MalanError, Refused } from "/js/ledger/errors.js";
import { publicKey } from "/js/ledger/keys.js";
import { officerInForce } from "/js/issuers/facts.js";
import { openLogged } from "/js/verify/logged.js";
import { dayOf } from "/js/verify/times.js";

const PROOFS_MAX = 16;
const ENDS = ["certificate-revoked", "certificate-cancelled"];
const VERSIONS = ["certificate-corrected", "certificate-reissued"];
const KINDS = [...ENDS, ...VERSIONS, "certificate-suspended", "certificate-restored"];
const OTHER = { national: "99", zh: "其他", en: "another reason" };

/** The life after this version's own leaf; without that leaf, nothing can be bound to it. @returns {Promise<Life>} */
export async function readLife(proofs, logged, trust, { version }) {
  const life = { ended: null, followed: null, current: null, suspended: null };
  if (logged === null) return life;
  const found = await Promise.all(proofs.slice(0, PROOFS_MAX).map((raw) => saidIn(raw, logged, trust)));
  const acts = found.filter((one) => one !== null).sort((one, other) => one.seq - other.seq);
  for (const one of acts) {
    if (ENDS.includes(one.kind)) life.ended = life.ended ?? one;
    else if (one.kind === "certificate-suspended") life.suspended = one;
    else if (one.kind === "certificate-restored") life.suspended = null;
    else if (one.version > version) {
      life.current = one;
      if (one.version === Number(version) + 1) life.followed = one;
    }
  }
  return { ...life, followed: life.followed ?? life.current };
}

/** Why the state is what it is; the words of reasons are those of `/assets/words.json`. */
export function decided(life, said, words) {
  const known = words.reasons[said.kind];
  const cause = Object.hasOwn(known, said.reason) ? known[said.reason] : OTHER;
  return {
    kind: said.kind,
    reason: said.reason,
    zh: cause.zh,
    en: cause.en,
    national: cause.national,
    on: said.on,
    seq: said.seq,
    current_version: life.current?.version ?? null,
    current_on: life.current?.on ?? null,
  };
}

async function saidIn(raw, logged, trust) {
  try {
    const told = await openLogged(raw, trust, { kinds: KINDS });
    await checkSigner(told, logged, trust);
    const { kind } = told.statement;
    const version = VERSIONS.includes(kind) ? Number(told.act.version) : null;
    return { kind, reason: told.act.reason, seq: told.leaf.seq, on: dayOfLeaf(told), version };
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    return null;
  }
}

/** By a signatory of the issuing body, as things stood at the act's own place. */
async function checkSigner(told, logged, trust) {
  const { statement, leaf } = told;
  if (told.certificate !== logged.certificate || leaf.seq <= logged.leaf.seq) {
    throw new Refused("LIFE_OTHER", "the act is about another certificate, or older");
  }
  if (statement.audience !== trust.bundle.origin || statement.issuer !== logged.statement.issuer) {
    throw new Refused("LIFE_OTHER", "the act is of another log or body");
  }
  const past = trust.history.before(leaf.seq);
  const key = past.get("key", hex(statement.kid));
  if (key === null || key.staff === null || key.revokedSeq !== null || key.party !== statement.issuer) {
    throw new Refused("LIFE_SIGNER", "no key in force of the body signed the act");
  }
  if (officerInForce(past, key.party, key.staff, "signatory", dayOfLeaf(told)) === null) {
    throw new Refused("LIFE_SIGNER", "the signer was no signatory of the body on that day");
  }
  await checkSign1(statement.message, await publicKey(key.alg, key.spki));
}

function dayOfLeaf({ leaf }) {
  return dayOf(Math.floor(Number(leaf.timeMs) / 1000));
}
