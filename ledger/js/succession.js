/**
 * Which witness policy judges the checkpoint of which size. As `ledger/succession.py`.
 *
 * @typedef {import("/js/ledger/policy.js").Policy} Policy
 * @typedef {{seq: number, start: number, policy: Policy}} Appointed
 * @typedef {{above: number, seq: number, policy: Policy}} Term
 */

import { openCheckpoint, parseCheckpoint } from "/js/ledger/checkpoint.js";
import { parseNote } from "/js/ledger/note.js";
import { satisfied } from "/js/ledger/policy.js";

const NOBODY = { logs: [], witnesses: [], groups: [], quorum: "none" };

/**
 * The terms in order, the first of them nobody's; the last is in force at `at` (POSIX seconds).
 * @param {Appointed[]} appointed with rising seq, and starts that do not fall
 * @param {Uint8Array[]} notes checkpoints with cosignatures
 * @param {{logKeys: import("/js/ledger/note.js").NoteKey[], at: number}} known
 * @returns {Promise<Term[]>}
 */
export async function succession(appointed, notes, { logKeys, at }) {
  const waiting = [...appointed].sort((one, other) => one.seq - other.seq);
  const terms = [{ above: -1, seq: -1, policy: NOBODY }];
  if (waiting.length > 0 && waiting[0].start <= at) {
    const { seq, policy } = waiting.shift();
    terms.push({ above: seq, seq, policy });
  }
  const sized = notes.map((raw) => ({ size: Number(parseCheckpoint(parseNote(raw).text).size), raw }));
  for (const { size, raw } of sized.sort((one, other) => one.size - other.size)) {
    const now = terms[terms.length - 1];
    if (now.seq < 0 || size <= now.above) continue;
    const cosigners = now.policy.witnesses.map(({ key }) => key);
    const { cosignatures } = await openCheckpoint(raw, { logKeys, cosigners });
    const next = successor(waiting, now, size, cosignatures);
    if (next !== undefined) terms.push({ above: size, seq: next.seq, policy: next.policy });
  }
  return terms;
}

/** The policy that judges a checkpoint of this size. @param {Term[]} terms @param {number} size @returns {Policy} */
export function policyAt(terms, size) {
  const judging = terms.filter(({ above, seq }) => above < size && seq >= 0);
  return (judging[judging.length - 1] ?? terms[Math.min(1, terms.length - 1)]).policy;
}

function successor(waiting, now, size, cosignatures) {
  return [...waiting].reverse().find(({ seq, start }) => {
    const late = cosignatures.filter(({ time }) => time >= BigInt(start)).map(({ name }) => name);
    return now.seq < seq && seq < size && satisfied(now.policy, late);
  });
}
