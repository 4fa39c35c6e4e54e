/**
 * The one strict codec: deterministic CBOR (RFC 8949 section 4.2.1), a small subset. Pure. As `ledger/cbor.py`.
 *
 * Values: integers (number where safe, else bigint), Uint8Array, string, boolean, null, Array, Map with integer or
 * text keys; for writing also a plain object, read as a map with text keys. `decode` encodes again what it read and
 * compares the bytes, so two readers cannot disagree about a signed byte.
 */

import { concat, equal, fromUtf8, hex, isWellFormed, join } from "/js/ledger/bytes.js";
import { Malformed } from "/js/ledger/errors.js";

export const BYTES_MAX = 65_535;
export const DEPTH_MAX = 8;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UTF8 = new TextEncoder();

/** A thing CBOR can say and we do not: floats, undefined, other simple values. Never leaves this module. */
class Strange {
  constructor(same) {
    this.same = same;
  }
}

/** @param {unknown} value @returns {Uint8Array} the only encoding of `value` */
export function encode(value) {
  return join([...parts(value, DEPTH_MAX)]);
}

/**
 * The value of `data`, refusing every byte string that `encode` would not have written.
 * @param {Uint8Array} data
 * @param {{bytesMax?: number}} [limit]
 */
export function decode(data, { bytesMax = BYTES_MAX } = {}) {
  if (data.length > bytesMax) throw new Malformed("CBOR_SIZE", `more than ${bytesMax} bytes`);
  const reader = { data, place: 0 };
  const value = item(reader, DEPTH_MAX + 1);
  if (!equal(encode(value), data)) {
    throw new Malformed("CBOR_NOT_CANONICAL", "not the one deterministic encoding of its value");
  }
  return value;
}

/** As `decode`, for a map with text keys. @param {Uint8Array} data @returns {Map<string, any>} */
export function decodeMap(data) {
  const value = decode(data);
  if (!(value instanceof Map) || ![...value.keys()].every((key) => typeof key === "string")) {
    throw new Malformed("CBOR_NOT_A_MAP", "expected a map with text keys");
  }
  return value;
}

/** An integer as the codec holds it. @param {unknown} value */
export function isInteger(value) {
  return typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
}

// Writing

function* parts(value, depth) {
  if (value === null) yield Uint8Array.of(0xf6);
  else if (typeof value === "boolean") yield Uint8Array.of(value ? 0xf5 : 0xf4);
  else if (isInteger(value)) yield integer(BigInt(value));
  else if (typeof value === "string") yield* text(value);
  else if (value instanceof Uint8Array) yield* [head(2, BigInt(value.length)), value];
  else yield* container(value, depth);
}

function* container(value, depth) {
  if (depth === 0) throw new Malformed("CBOR_DEPTH", `nested deeper than ${DEPTH_MAX}`);
  if (Array.isArray(value)) {
    yield head(4, BigInt(value.length));
    for (const inner of value) yield* parts(inner, depth - 1);
    return;
  }
  const entries = entriesOf(value);
  yield head(5, BigInt(entries.length));
  for (const [key, inner] of entries) {
    yield key;
    yield* parts(inner, depth - 1);
  }
}

function entriesOf(value) {
  const plain = value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
  if (!plain && !(value instanceof Map)) throw new Malformed("CBOR_TYPE", "this cannot be encoded");
  const entries = plain ? Object.entries(value) : [...value];
  return entries.map(([key, inner]) => [keyBytes(key), inner]).sort(([one], [other]) => order(one, other));
}

function keyBytes(key) {
  if (isInteger(key)) return integer(BigInt(key));
  if (typeof key === "string") return concat(...text(key));
  throw new Malformed("CBOR_KEYS", "map keys are integers or text");
}

/** Bytewise, as section 4.2.1 orders keys. */
function order(one, other) {
  const shorter = Math.min(one.length, other.length);
  for (let place = 0; place < shorter; place += 1) {
    if (one[place] !== other[place]) return one[place] - other[place];
  }
  return one.length - other.length;
}

function integer(value) {
  if (value < INT_MIN || value > INT_MAX) throw new Malformed("CBOR_RANGE", "an integer needs more than 64 bits");
  return value >= 0n ? head(0, value) : head(1, -1n - value);
}

function text(value) {
  if (!isWellFormed(value)) throw new Malformed("CBOR_TEXT", "text holds a lone surrogate");
  const raw = UTF8.encode(value);
  return [head(3, BigInt(raw.length)), raw];
}

function head(major, argument) {
  if (argument < 24n) return Uint8Array.of((major << 5) | Number(argument));
  const size = argument < 0x100n ? 0 : argument < 0x10000n ? 1 : argument < 0x100000000n ? 2 : 3;
  const raw = new Uint8Array(1 + 2 ** size);
  raw[0] = (major << 5) | (24 + size);
  for (let place = raw.length - 1, rest = argument; place > 0; place -= 1, rest >>= 8n) raw[place] = Number(rest & 0xffn);
  return raw;
}

// Reading

function invalid() {
  return new Malformed("CBOR_INVALID", "not CBOR of the allowed kinds");
}

function take(reader, length) {
  if (length > reader.data.length - reader.place) throw invalid();
  reader.place += length;
  return reader.data.subarray(reader.place - length, reader.place);
}

/** @returns {[number, bigint, number]} major type, argument, additional information */
function readHead(reader) {
  const [first] = take(reader, 1);
  const info = first & 31;
  if (info < 24) return [first >> 5, BigInt(info), info];
  if (info > 27) throw invalid(); // reserved, or of indefinite length
  let argument = 0n;
  for (const byte of take(reader, 2 ** (info - 24))) argument = (argument << 8n) | BigInt(byte);
  return [first >> 5, argument, info];
}

function item(reader, depth) {
  if (depth < 0) throw invalid();
  const [major, argument, info] = readHead(reader);
  if (major === 0) return small(argument);
  if (major === 1) return small(-1n - argument);
  if (major === 7) return simple(argument, info);
  if (major === 2 || major === 3) {
    const raw = take(reader, lengthOf(argument));
    return major === 2 ? raw.slice() : readText(raw);
  }
  if (major === 6) throw invalid(); // tags are not allowed
  return major === 4 ? readArray(reader, lengthOf(argument), depth) : readMap(reader, lengthOf(argument), depth);
}

function lengthOf(argument) {
  if (argument > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid();
  return Number(argument);
}

function small(value) {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function simple(argument, info) {
  if (info === 24 && argument < 32n) throw invalid();
  if (info > 24) return new Strange(Symbol("float"));
  if (argument === 22n) return null;
  return argument === 20n || argument === 21n ? argument === 21n : new Strange(Number(argument));
}

function readText(raw) {
  const value = fromUtf8(raw);
  if (value === null) throw invalid();
  return value;
}

function readArray(reader, length, depth) {
  const found = [];
  for (let place = 0; place < length; place += 1) found.push(item(reader, depth - 1));
  return found;
}

function readMap(reader, length, depth) {
  const found = new Map();
  const seen = new Set();
  for (let place = 0; place < length; place += 1) {
    const key = item(reader, depth - 1);
    const same = sameKey(key);
    if (seen.has(same)) throw invalid();
    seen.add(same);
    found.set(key, item(reader, depth - 1));
  }
  return found;
}

/** Python's dictionaries hold True, simple(1) and 1 for one key; so do we, to refuse with one code. */
function sameKey(key) {
  if (key instanceof Strange) return key.same;
  if (key instanceof Uint8Array) return `h'${hex(key)}'`;
  if (key instanceof Map) return `{${[...key].flat().map((inner) => String(sameKey(inner)))}}`;
  if (Array.isArray(key)) return `[${key.map((inner) => String(sameKey(inner)))}]`;
  return typeof key === "boolean" ? Number(key) : key;
}
