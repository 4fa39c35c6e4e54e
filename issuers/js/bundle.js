/**
 * The trust bundle, opened with a full replay of its acts: a verifier believes an issuer only through statements that
 * lead to the genesis, so the service that makes the bundle cannot invent one. As `issuers/bundle.py`.
 *
 * @typedef {{origin: string, genesis: string, size: number, made_at: number, log_vkey: string, policy: string,
 *            hosts: string[], acts: {seq: number, time_ms: number, statement: Uint8Array}[],
 *            lists: {number: number, token: Uint8Array}[], checkpoint: Uint8Array,
 *            handovers: Uint8Array[] | null}} Bundle
 * @typedef {{seq: number, timeMs: number, changes: import("/js/issuers/facts.js").Fact[]}} Step
 */

import { hex } from "/js/ledger/bytes.js";
import { decode } from "/js/ledger/cbor.js";
import { checkSign1, parseSign1 } from "/js/ledger/cose.js";
import { Malformed, Refused } from "/js/ledger/errors.js";
import { publicKey } from "/js/ledger/keys.js";
import { parseStatement } from "/js/ledger/statement.js";
import { BUNDLED } from "/js/issuers/acts.js";
import { MemoryView } from "/js/issuers/facts.js";
import { admit } from "/js/issuers/judge.js";
import { array, bytes, id, integer, optional, record, text } from "/js/issuers/shape.js";

const CONTENT_TYPE = "application/vnd.malan.bundle.v1+cbor";
const BYTES_MAX = 16 * 2 ** 20;
const PLACE_MAX = 2 ** 53;
const LISTS_MAX = 64;

const BUNDLE = record({
  origin: text({ low: 1, high: 100 }),
  genesis: id(32),
  size: integer(1, 2 ** 40),
  made_at: integer(0, 2 ** 40),
  log_vkey: text({ low: 1, high: 300 }),
  policy: text({ low: 1, high: 20_000 }),
  hosts: array(text({ low: 1, high: 120 }), 1, 20),
  acts: array(record({ seq: integer(0, PLACE_MAX), time_ms: integer(0, PLACE_MAX), statement: bytes() })),
  lists: array(record({ number: integer(0, 9999), token: bytes() }), 0, LISTS_MAX),
  checkpoint: bytes(),
  handovers: optional(array(bytes(), 1, 1000)),
});

/**
 * The bundle, the facts its acts add up to, and what each act changed; lists and checkpoint are not checked here.
 * @param {Uint8Array} raw
 * @returns {Promise<{bundle: Bundle, view: MemoryView, steps: Step[]}>}
 */
export async function openBundle(raw) {
  const message = parseSign1(raw, { bytesMax: BYTES_MAX });
  if (message.contentType !== CONTENT_TYPE || message.claims !== null) {
    throw new Malformed("BUNDLE_KIND", "not a trust bundle of a version this page knows");
  }
  const bundle = BUNDLE(decode(message.payload, { bytesMax: BYTES_MAX }));
  const { view, steps } = await replay(bundle.acts);
  const genesis = view.get("genesis", "log");
  if (genesis === null || !genesis.inForce) throw acts("the acts do not begin with a genesis in force");
  if (genesis.statement !== bundle.genesis || genesis.origin !== bundle.origin) {
    throw acts("the bundle names another genesis than its acts");
  }
  if (bundle.acts[bundle.acts.length - 1].seq >= bundle.size) throw acts("an act lies beyond the size of the bundle");
  const key = serviceKey(view, "status");
  await checkSign1(message, await publicKey(key.alg, key.spki));
  return { bundle, view, steps };
}

/** The service's key in force for a purpose. @param {MemoryView} view @param {string} purpose */
export function serviceKey(view, purpose) {
  const named = view.get("serviceKey", purpose);
  const key = named === null ? null : view.get("key", named.kid);
  if (key === null || key.revokedSeq !== null) {
    throw new Refused("SERVICE_KEY_MISSING", `the log names no ${purpose} key in force`);
  }
  return key;
}

async function replay(all) {
  const view = new MemoryView();
  const [steps, said] = [[], new Set()];
  let last = -1;
  for (const { seq, time_ms: timeMs, statement: raw } of all) {
    const statement = await parseStatement(raw);
    const cti = hex(statement.cti);
    if (seq <= last || !BUNDLED.includes(statement.kind) || said.has(cti)) {
      throw acts("acts out of order, twice, or of a kind a bundle does not carry");
    }
    said.add(cti);
    last = seq;
    const changes = await admit(view, statement, { seq, timeMs });
    view.put(changes);
    steps.push({ seq, timeMs, changes });
  }
  return { view, steps };
}

function acts(what) {
  return new Malformed("BUNDLE_ACTS", what);
}
