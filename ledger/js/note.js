/**
 * C2SP signed notes: a text, an empty line, one signature line for each key that stands behind it. As `ledger/note.py`.
 *
 * @typedef {{type: number, name: string, publicKey: Uint8Array, keyId: Uint8Array,
 *            check: (text: string, signature: Uint8Array) => Promise<void>}} NoteKey
 * @typedef {{name: string, keyId: Uint8Array, signature: Uint8Array}} SignatureLine
 */

import { concat, equal, fromBase64, fromUtf8, hex, sha256, toInteger, utf8 } from "/js/ledger/bytes.js";
import { BadSignature, Malformed } from "/js/ledger/errors.js";
import { ed25519Verifier } from "/js/ledger/keys.js";

export const NOTE_BYTES_MAX = 1_000_000;
export const [NOTE, COSIGNATURE] = [0x01, 0x04];
const SIGNATURES_MAX = 100;
const TIME_MAX = 2n ** 63n - 1n;
// What Python and Unicode call white space; JavaScript's \s differs.
const SPACE_OR_PLUS = /[\0-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;
const CONTROL = /[\0-\x09\x0b-\x1f]/;

/** Standard base64 in its one spelling. @param {string} text @returns {Uint8Array} */
export function decodeBase64(text) {
  const data = fromBase64(text);
  if (data === null) throw new Malformed("BASE64", "Not base64 in its one spelling.");
  return data;
}

/** @param {string} name */
export function checkKeyName(name) {
  if (name === "" || SPACE_OR_PLUS.test(name)) {
    throw new Malformed("KEY_NAME", "A key name must be without spaces, plus signs and control characters.");
  }
}

/**
 * A named Ed25519 key for one type of signature line: the text itself (NOTE), or a timed cosignature.
 * @param {number} type
 * @param {string} name
 * @param {Uint8Array} publicKey 32 bytes
 * @returns {Promise<NoteKey>}
 */
export async function noteKey(type, name, publicKey) {
  checkKeyName(name);
  const verify = await ed25519Verifier(publicKey);
  const id = await sha256(concat(utf8(name), Uint8Array.of(0x0a, type), publicKey));
  const checkRaw = async (message, signature) => {
    if (signature.length !== 64 || !(await verify(message, signature))) {
      throw new BadSignature("SIGNATURE", "A signature by a known key does not verify.");
    }
  };
  const check = async (text, signature) => {
    if (type === NOTE) return checkRaw(utf8(text), signature);
    const time = timeOf(signature);
    if (time > TIME_MAX) throw new BadSignature("SIGNATURE", "A cosignature time is beyond 2^63 - 1 seconds.");
    return checkRaw(utf8(`cosignature/v1\ntime ${time}\n${text}`), signature.subarray(8));
  };
  return Object.freeze({ type, name, publicKey, keyId: id.slice(0, 4), check });
}

/** The key of a vkey of this type. @param {string} vkey @param {number} type @returns {Promise<NoteKey>} */
export async function parseVkey(vkey, type) {
  const [name, id, ...rest] = vkey.split("+");
  if (rest.length === 0 || !/^[0-9a-f]{8}$/.test(id)) throw new Malformed("VKEY", "A verifier key is written name+id+base64.");
  const data = decodeBase64(rest.join("+"));
  if (data[0] !== type) throw new Malformed("VKEY_TYPE", "The verifier key is of another signature type.");
  const key = await noteKey(type, name, data.slice(1));
  if (hex(key.keyId) !== id) throw new Malformed("VKEY_ID", "The key id does not belong to this name and key.");
  return key;
}

/** POSIX seconds of a cosignature. @param {Uint8Array} signature @returns {bigint} */
export function timeOf(signature) {
  return toInteger(signature.subarray(0, 8));
}

/** Whether the line claims this key; says nothing about the signature. @param {SignatureLine} line @param {NoteKey} key */
export function isBy(line, key) {
  return line.name === key.name && equal(line.keyId, key.keyId);
}

/** @param {NoteKey} one @param {NoteKey} other */
export function sameKey(one, other) {
  return one.type === other.type && one.name === other.name && equal(one.publicKey, other.publicKey);
}

/**
 * Splits a note at its last empty line, verifying nothing.
 * @param {Uint8Array} raw
 * @returns {{text: string, signatures: SignatureLine[]}}
 */
export function parseNote(raw) {
  if (raw.length > NOTE_BYTES_MAX) throw new Malformed("NOTE_SIZE", "A note is too large.");
  const whole = fromUtf8(raw);
  if (whole === null) throw new Malformed("NOTE_UTF8", "A note must be valid UTF-8.");
  const edge = whole.lastIndexOf("\n\n");
  if (edge < 0 || !whole.endsWith("\n")) {
    throw new Malformed("NOTE_SHAPE", "A note is a text, an empty line and signature lines, each with a newline.");
  }
  const lines = whole.slice(edge + 2, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) throw new Malformed("NOTE_SIGNATURES", "A note has 1 to 100 signature lines.");
  const signatures = lines.map(parseLine);
  const text = whole.slice(0, edge + 1);
  if (!text.endsWith("\n") || CONTROL.test(text)) {
    throw new Malformed("NOTE_TEXT", "A note must be UTF-8 lines without control characters.");
  }
  return { text, signatures };
}

/**
 * Verifies a note: lines of unknown keys are ignored, one bad line of a known key rejects the note.
 * @param {Uint8Array} raw
 * @param {NoteKey[]} keys
 * @returns {Promise<{text: string, verified: SignatureLine[]}>}
 */
export async function openNote(raw, keys) {
  const distinct = keys.filter((key, place) => keys.findIndex((one) => sameKey(one, key)) === place);
  const names = new Set(distinct.map((key) => `${hex(key.keyId)} ${key.name}`));
  if (names.size !== distinct.length) throw new Malformed("KEYS_AMBIGUOUS", "Two known keys share a name and a key id.");
  const { text, signatures } = parseNote(raw);
  const verified = [];
  for (const line of signatures) {
    const key = distinct.find((one) => isBy(line, one));
    if (key === undefined) continue;
    await key.check(text, line.signature);
    verified.push(line);
  }
  if (verified.length === 0) throw new BadSignature("NO_KNOWN_SIGNATURE", "No line of the note is by a known key.");
  return { text, verified };
}

function parseLine(line) {
  const parts = line.split(" ");
  if (parts.length !== 3 || parts[0] !== "\u2014") {
    throw new Malformed("SIGNATURE_LINE", "A signature line is a dash, a key name and base64.");
  }
  const data = decodeBase64(parts[2]);
  checkKeyName(parts[1]);
  if (data.length < 5) throw new Malformed("SIGNATURE_LINE", "A signature line carries a key id and a signature.");
  return { name: parts[1], keyId: data.slice(0, 4), signature: data.slice(4) };
}
