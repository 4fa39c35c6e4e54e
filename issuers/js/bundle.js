/**
 * The trust bundle, opened with a full replay of its acts: a verifier believes an issuer only through statements that
 * lead to the genesis, so the service that makes the bundle cannot invent one. As `issuers/bundle.py`.
 *
 * It holds the acts common to all certificates, and names by hash a part for each body: who checks a certificate opens
 * the bundle and one part.
 *
 * @typedef {import("/js/issuers/bundled_acts.js").Act} Act
 * @typedef {import("/js/issuers/bundled_acts.js").Step} Step
 * @typedef {import("/js/issuers/facts.js").MemoryView} MemoryView
 * @typedef {{code: string, acts: string}} Body
 * @typedef {{origin: string, genesis: string, size: number, made_at: number, log_vkey: string, policy: string,
 *            hosts: string[], acts: Act[], lists: {number: number, token: Uint8Array}[], checkpoint: Uint8Array,
 *            handovers: Uint8Array[] | null, bodies: Body[] | null}} Bundle
 */

import { hex, sha256 } from "/js/ledger/bytes.js";
import { decode } from "/js/ledger/cbor.js";
import { checkSign1, parseSign1, TAG_18 } from "/js/ledger/cose.js";
import { MalanError, Malformed, Refused } from "/js/ledger/errors.js";
import { publicKey } from "/js/ledger/keys.js";
import { code3 } from "/js/issuers/acts.js";
import { inOrder, PLACE_MAX, readPart, replay } from "/js/issuers/bundled_acts.js";
import { array, bytes, id, integer, optional, record, text } from "/js/issuers/shape.js";

export const BYTES_MAX = 16 * 2 ** 20;
const CONTENT_TYPE = "application/vnd.malan.bundle.v2+cbor";
const LISTS_MAX = 64;
const BODIES_MAX = 1000;

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
  bodies: optional(array(record({ code: code3, acts: id(32) }), 1, BODIES_MAX)),
});

/** The signed bundle in the bytes of trust.cbor, and its parts; nothing is checked. @param {Uint8Array} raw */
export function unpack(raw) {
  let found = null;
  try {
    found = decode(raw, { bytesMax: BYTES_MAX });
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
  }
  const sized = Array.isArray(found) && found.length >= 1 && found.length <= 1 + BODIES_MAX;
  if (!sized || !found.every((one) => one instanceof Uint8Array)) {
    throw new Malformed("BUNDLE_KIND", "not a trust.cbor of a version this page knows");
  }
  const [signed, ...parts] = found;
  return { signed, parts };
}

/**
 * The bundle, the facts its own acts add up to, and what each act changed; lists and checkpoint are not checked here.
 * @param {Uint8Array} raw the signed bundle
 * @param {{parts?: string[] | null}} [beside] the hashes of the parts, where all of them came with it
 * @returns {Promise<{bundle: Bundle, view: MemoryView, steps: Step[]}>}
 */
export async function openBundle(raw, { parts = null } = {}) {
  const message = raw[0] === TAG_18 ? parseSign1(raw, { bytesMax: BYTES_MAX }) : null;
  if (message === null || message.contentType !== CONTENT_TYPE || message.claims !== null) {
    throw new Malformed("BUNDLE_KIND", "not a trust bundle of a version this page knows");
  }
  const bundle = BUNDLE(decode(message.payload, { bytesMax: BYTES_MAX }));
  const { view, steps } = await replay(bundle.acts);
  const genesis = view.get("genesis", "log");
  if (genesis === null || !genesis.inForce) throw acts("the acts do not begin with a genesis in force");
  if (genesis.statement !== bundle.genesis || genesis.origin !== bundle.origin) {
    throw acts("the bundle names another genesis than its acts");
  }
  needBelow(bundle, bundle.acts);
  const key = serviceKey(view, "status");
  await checkSign1(message, await publicKey(key.alg, key.spki));
  checkBodies(bundle.bodies ?? [], parts);
  return { bundle, view, steps };
}

/** The acts of a body's part, which must be the one the bundle names. @param {Bundle} bundle @param {Body} body */
export async function openPart(bundle, { code, acts: name }, raw) {
  if (hex(await sha256(raw)) !== name) throw part("not the part that the bundle names");
  const found = readPart(raw, code, { bytesMax: BYTES_MAX });
  needBelow(bundle, found);
  return found;
}

/**
 * What the bundle's own acts, whose signatures were verified, and those of a body's part add up to.
 * @param {Bundle} bundle
 * @param {Act[]} more
 */
export function judgeBody(bundle, more) {
  return replay(inOrder([...bundle.acts, ...more]), { checked: new Set(bundle.acts.map(({ seq }) => seq)) });
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

function checkBodies(bodies, parts) {
  if (bodies.some(({ code }, at) => at > 0 && code <= bodies[at - 1].code)) {
    throw part("the bundle names its bodies out of order, or one twice");
  }
  if (parts === null) return;
  if (parts.length !== bodies.length || bodies.some(({ acts: name }, at) => name !== parts[at])) {
    throw part("the parts in the file are not those that the bundle names");
  }
}

function needBelow({ size }, told) {
  if (told.some(({ seq }) => seq >= size)) throw acts("an act lies beyond the size of the bundle");
}

function acts(what) {
  return new Malformed("BUNDLE_ACTS", what);
}

function part(what) {
  return new Malformed("BUNDLE_PART", what);
}
