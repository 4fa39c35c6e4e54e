/**
 * The rule for the set of witnesses, and which set is in force. As `issuers/authority/witness_rules.py` and
 * `issuers/witnesses.py`.
 *
 * @typedef {import("/js/issuers/facts.js").Fact} Fact
 */

import { concat, hex, utf8 } from "/js/ledger/bytes.js";
import { parseCheckpoint } from "/js/ledger/checkpoint.js";
import { Refused } from "/js/ledger/errors.js";
import { ED25519_HEAD, EDDSA, publicKey } from "/js/ledger/keys.js";
import { COSIGNATURE, isBy, parseNote, parseVkey, timeOf } from "/js/ledger/note.js";
import { kOf } from "/js/ledger/policy.js";
import { succession } from "/js/ledger/succession.js";
import { fact } from "/js/issuers/facts.js";

const WITNESS = "witness";
const GROUP = "districts";
const POSSESSION_AGE_MAX = 30 * 86_400;

/** Districts in office, each with a key it holds; any two quorums share a witness. @returns {Promise<Fact[]>} */
export async function witnessSet(one, act) {
  const { witnesses, quorum, first_day: firstDay } = act;
  if (one.statement.subject !== "log") throw new Refused("SUBJECT_KIND", "the subject of this act is log");
  if (quorum > witnesses.length || witnesses.length >= 2 * quorum) {
    throw new Refused("WITNESS_QUORUM", "a quorum is more than half of the witnesses, and at most all");
  }
  if (new Set(witnesses.map(({ party }) => party)).size < witnesses.length) {
    throw new Refused("WITNESS_TWICE", "a district has one witness");
  }
  const former = one.view.get("newestWitnessSet", "log");
  if (former !== null && firstDay < former.firstDay) {
    throw new Refused("WITNESS_START", "a set of witnesses starts no earlier than the one before it");
  }
  const keys = [];
  for (const named of witnesses) keys.push(await keyOf(one, named));
  const known = witnesses.map(({ party, vkey, url }) => ({ party, vkey, url }));
  const set = fact("witnessSet", String(one.seq), { seq: one.seq, firstDay, quorum, witnesses: known });
  await policyOf(set);
  return [...keys.filter((key) => key !== null), set, fact("newestWitnessSet", "log", { seq: one.seq, firstDay })];
}

/** The set as a policy without a log line. @param {Fact} set */
export async function policyOf({ witnesses, quorum }) {
  const named = [];
  for (const { party, vkey, url } of witnesses) named.push({ name: party, key: await parseVkey(vkey, COSIGNATURE), url });
  return kOf(named, quorum, GROUP);
}

/** The terms of the sets; a set starts with its first day in Shanghai. @param {Fact[]} sets @param {Uint8Array[]} handovers */
export async function termsOf(sets, handovers, { logKeys, at }) {
  const appointed = [];
  for (const set of sets) {
    const start = Date.parse(`${set.firstDay}T00:00:00+08:00`) / 1000;
    appointed.push({ seq: set.seq, start, policy: await policyOf(set) });
  }
  return succession(appointed, handovers, { logKeys, at });
}

/** The witness's key as a fact; null where it was enrolled by an earlier set. */
async function keyOf(one, { party, vkey, possession }) {
  const district = one.view.get("party", party);
  if (district === null || district.withdrawnMs !== null || district.role !== "district") {
    throw new Refused("WITNESS_PARTY", "a witness belongs to a district that is admitted and not withdrawn");
  }
  const cosigner = await parseVkey(vkey, COSIGNATURE);
  await checkPossession(one, possession, cosigner);
  const { alg, spki, kid } = await publicKey(EDDSA, concat(ED25519_HEAD, cosigner.publicKey));
  const known = one.view.get("key", hex(kid));
  if (known === null) {
    const life = { revokedSeq: null, revokedMs: null, cause: null, compromisedSince: null };
    const since = { sinceSeq: one.seq, sinceMs: one.timeMs };
    return fact("key", hex(kid), { alg, spki, party, ...since, staff: null, purpose: WITNESS, ...life });
  }
  if (known.purpose !== WITNESS || known.party !== party) throw new Refused("KEY_EXISTS", "a key is enrolled once ever");
  if (known.revokedSeq !== null) throw new Refused("KEY_REVOKED", "the witness's key was revoked");
  return null;
}

/** A cosignature by the key over a checkpoint of this very log, not older than 30 days. */
async function checkPossession(one, possession, key) {
  const { text, signatures } = parseNote(utf8(possession));
  const lines = signatures.filter((line) => isBy(line, key));
  if (lines.length === 0 || parseCheckpoint(text).origin !== one.statement.audience) {
    throw new Refused("WITNESS_POSSESSION", "the key cosigned no checkpoint of this log there");
  }
  let last = 0n;
  for (const { signature } of lines) {
    await key.check(text, signature);
    if (timeOf(signature) > last) last = timeOf(signature);
  }
  const apart = BigInt(one.timeMs) - last * 1000n;
  if ((apart < 0n ? -apart : apart) > BigInt(POSSESSION_AGE_MAX) * 1000n) {
    throw new Refused("WITNESS_POSSESSION_OLD", "the cosignature that proves the key is older than 30 days");
  }
}
