/**
 * The acts of a bundle and of its parts: their bytes, their order, and what they add up to. As
 * `issuers/bundled_acts.py`.
 *
 * @typedef {{seq: number, time_ms: number, statement: Uint8Array, body?: string}} Act `body` is the code of its part
 * @typedef {{seq: number, timeMs: number, changes: import("/js/issuers/facts.js").Fact[]}} Step
 */

import { hex, sha256 } from "/js/ledger/bytes.js";
import { decode, encode, isInteger } from "/js/ledger/cbor.js";
import { checkSign1 } from "/js/ledger/cose.js";
import { MalanError, Malformed } from "/js/ledger/errors.js";
import { parseStatement } from "/js/ledger/statement.js";
import { BUNDLED } from "/js/issuers/acts.js";
import { bodyOf } from "/js/issuers/carried.js";
import { MemoryView } from "/js/issuers/facts.js";
import { judge, signingKey } from "/js/issuers/judge.js";

export const PLACE_MAX = 2 ** 53;

/**
 * The acts of a body's part.
 * @param {Uint8Array} raw
 * @param {string} code
 * @param {{bytesMax: number}} limit
 * @returns {Act[]}
 */
export function readPart(raw, code, { bytesMax }) {
  let items = null;
  try {
    items = decode(raw, { bytesMax });
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
  }
  if (!Array.isArray(items) || items.length === 0) throw noPart();
  const acts = items.map((item) => readItem(item, code));
  if (acts.some(({ seq }, at) => at > 0 && seq <= acts[at - 1].seq)) {
    throw refused("acts out of order or twice in the part of a body");
  }
  return acts;
}

/** SHA-256 over the part that the acts with seq below `size` would make: of a whole part, its name. */
export async function actsHash(acts, size) {
  const told = acts.filter(({ seq }) => seq < size);
  return hex(await sha256(encode(told.map(({ seq, time_ms: timeMs, statement }) => [seq, timeMs, statement]))));
}

/** Acts of several places, in the order of the log. @param {Act[]} acts */
export function inOrder(acts) {
  return [...acts].sort(({ seq: one }, { seq: other }) => (one < other ? -1 : Number(one > other)));
}

/**
 * The facts of a run of acts, each admitted by the judge, and what each changed. `checked`: places of acts whose
 * signatures were verified before. The others are verified beside the judging, which does not depend on it.
 * @param {Act[]} acts
 * @param {{checked?: Set<number>}} [known]
 * @returns {Promise<{view: MemoryView, steps: Step[]}>}
 */
export async function replay(acts, { checked = new Set() } = {}) {
  const [view, steps, signed] = [new MemoryView(), [], []];
  let refusal = null;
  try {
    await judgeAll(acts, { view, steps, signed, checked });
  } catch (error) {
    refusal = error;
  }
  // A signature comes before the rules of its own act, so whatever failed here failed first.
  const failure = (await Promise.all(signed)).find((error) => error !== null) ?? refusal;
  if (failure !== null) throw failure;
  return { view, steps };
}

async function judgeAll(acts, { view, steps, signed, checked }) {
  let [last, lastMs] = [-1, 0];
  const said = new Set();
  for (const { seq, time_ms: timeMs, statement: raw, body = null } of acts) {
    const statement = await parseStatement(raw);
    const cti = hex(statement.cti);
    if (seq <= last || !BUNDLED.includes(statement.kind) || said.has(cti)) {
      throw refused("acts out of order, twice, or of a kind a bundle does not carry");
    }
    if (timeMs < lastMs) throw new Malformed("BUNDLE_TIME", "the times of the bundle's acts go back");
    said.add(cti);
    [last, lastMs] = [seq, timeMs];
    if (!checked.has(seq)) {
      const key = await signingKey(view, statement);
      signed.push(checkSign1(statement.message, key).then(() => null, (error) => error));
    }
    const changes = await judge(view, statement, { seq, timeMs });
    view.put(changes);
    const of = await bodyOf(view, statement);
    if (of !== body) throw refused("an act stands in the part of another body, or in none");
    steps.push({ seq, timeMs, changes });
  }
}

function readItem(item, code) {
  const [seq, timeMs, statement] = Array.isArray(item) && item.length === 3 ? item : [];
  const placed = [seq, timeMs].every((one) => isInteger(one) && one >= 0 && one <= PLACE_MAX);
  if (!placed || !(statement instanceof Uint8Array)) throw noPart();
  return Object.freeze({ seq, time_ms: timeMs, statement, body: code });
}

function noPart() {
  return new Malformed("BUNDLE_PART", "the part of a body is not a list of acts");
}

function refused(what) {
  return new Malformed("BUNDLE_ACTS", what);
}
