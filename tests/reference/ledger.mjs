/** Part of the reference verifier (reference.mjs): encoding, COSE, tree, notes, checkpoints and proofs (ledger/SPEC.md
 * L1, L2, L6 to L9). A reader gives what it read, or refuses.
 */
/** A deviation from the SPEC. Whatever else is thrown is a mistake in these files. */
export class Refused extends Error {}
export const refuse = () => { throw new Refused(); };
export const need = (held) => held || refuse();
export const checked = (fits, value) => { need(fits(value)); return value; };
/** What the platform gives, or a refusal where it throws. */
const sure = (work) => { try { return work(); } catch { return refuse(); } };
/** What is promised, or null where it is refused. */
export const settle = (promise) => promise.catch((error) => (error instanceof Refused ? null : Promise.reject(error)));

export const DAY = 86_400, TIME_END = 253_402_214_400_000; // the end of the year 9999 in Shanghai
/** The day in Shanghai of a time in milliseconds; the last one there is for anything later. */
export const dayOf = (ms) => new Date(Math.min(ms, TIME_END - 1) + 28_800_000).toISOString().slice(0, 10);
const cat = (...parts) => Uint8Array.from(parts.flatMap((one) => [...one]));
export const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
export const unhex = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
export const utf8 = (line) => new TextEncoder().encode(line);
export const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", cat(...parts)));
const big = (bytes) => BigInt(`0x0${hex(bytes)}`), small = (n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n);
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const text = (bytes) => sure(() => STRICT.decode(bytes));
function base64(line) {
  const found = sure(() => atob(line));
  need(btoa(found) === line); // no other spelling
  return Uint8Array.from(found, (one) => one.charCodeAt(0));
}

// Types of values.
const within = (n, low, high) => n >= low && n <= high;
export const one = (...values) => (v) => values.includes(v);
export const isBytes = (low, high = low) => (v) => v instanceof Uint8Array && within(v.length, low, high);
export const isInt = (low, high) => (v) => ["number", "bigint"].includes(typeof v) && within(v, low, high);
export const isText = (low, high, form = /^/) => (v) =>
  typeof v === "string" && within([...v].length, low, high) && form.test(v);
export const isList = (low, high, fits) => (v) => Array.isArray(v) && within(v.length, low, high) && v.every(fits);
export const isTuple = (...each) => (v) => isList(each.length, each.length, (value, i) => each[i](value))(v);
export const isRecord = (v) => Boolean(v) && Object.getPrototypeOf(v) === null;
/** A map with exactly these fields; `?` after one that may be left out. */
export const isMap = (fields) => {
  const each = Object.entries(fields).map(([field, fits]) => [field.replace("?", ""), fits, field.endsWith("?")]);
  const names = each.map(([name]) => name);
  return (v) => isRecord(v) && Object.keys(v).every((name) => names.includes(name))
    && each.every(([name, fits, optional]) => (name in v ? fits(v[name]) : optional));
};
export const distinct = (list) => new Set(list).size === list.length;

// L1, encoding.
/** The value, in the one encoding that it has. A map is an object without prototype, an integer key its digits. */
export function decode(bytes) {
  let at = 0;
  const take = (n) => { need(n <= bytes.length - at); return bytes.subarray(at, (at += Number(n))); };
  const item = (level) => {
    const [first] = take(1), major = first >> 5, width = (first & 31) - 24;
    if (first >= 0xf4 && first <= 0xf6) return [false, true, null][first - 0xf4];
    need(major < 6 && width < 4 && (major < 4 || level <= 8));
    const n = width < 0 ? BigInt(width + 24) : big(take(1 << width));
    need(n < 2n ** 63n && (width < 0 || n >= [24n, 2n ** 8n, 2n ** 16n, 2n ** 32n][width])); // the shortest head
    if (major < 2) return small(major ? -1n - n : n);
    if (major < 4) return major === 2 ? take(n) : text(take(n));
    need(n <= bytes.length);
    if (major === 4) return Array.from({ length: Number(n) }, () => item(level + 1));
    const map = Object.create(null);
    for (let left = Number(n), last = ""; left > 0; left -= 1) {
      const start = at, key = item(level + 1), spelled = hex(bytes.subarray(start, at));
      need(["number", "bigint", "string"].includes(typeof key) && spelled > last); // in order, and once
      map[typeof key === "string" && /^['\d-]/.test(key) ? `'${key}` : key] = item(level + 1);
      last = spelled;
    }
    return map;
  };
  const value = item(1);
  need(at === bytes.length);
  return value;
}
export function head(major, n) {
  if (n < 24) return [(major << 5) | n];
  const width = [1, 2, 4, 8].find((size) => n < 256 ** size);
  return [(major << 5) | (24 + Math.log2(width)), ...unhex(n.toString(16).padStart(2 * width, "0"))];
}
const bstr = (bytes) => cat(head(2, bytes.length), bytes);
/** Section 7: SHA-256 of CBOR [[seq, time_ms, statement], ...]. */
export const hashOf = async (acts) => hex(await sha256(head(4, acts.length),
  ...acts.map(({ seq, time, statement }) => cat(head(4, 3), head(0, seq), head(0, time), bstr(statement)))));

// L2, keys and COSE_Sign1.
const SUITES = { // by the length of the SubjectPublicKeyInfo
  91: { alg: -7, der: "3059301306072a8648ce3d020106082a8648ce3d03010703420004", name: "ECDSA", namedCurve: "P-256",
    hash: "SHA-256" },
  44: { alg: -8, der: "302a300506032b6570032100", name: "Ed25519" },
};
const HALF = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n; // of the order of P-256
const Q = 2n ** 255n - 19n, D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;
/** L7: a point of the curve (x² = u / v is a square where u · v is one), and none of small order. */
function isGoodPoint(raw) {
  const y = big(raw.toReversed()) & (2n ** 255n - 1n), yy = (y * y) % Q, u = yy + Q - 1n, v = D * yy + 1n;
  let euler = 1n, n = (u * v) % Q;
  for (let power = (Q - 1n) / 2n; power; power >>= 1n, n = (n * n) % Q) if (power & 1n) euler = (euler * n) % Q;
  return y < Q && y !== 0n && euler === 1n && (u + yy * v) % Q !== 0n;
}
export async function keyOf(spki) {
  const suite = SUITES[spki.length], isP256 = suite?.alg === -7;
  need(suite && hex(spki).startsWith(suite.der) && (isP256 || isGoodPoint(spki.subarray(-32))));
  const key = await crypto.subtle.importKey("spki", spki, suite, false, ["verify"]).catch(refuse);
  const verifies = async (message, signature) => (!isP256 || big(signature.subarray(32)) <= HALF)
    && crypto.subtle.verify(suite, key, signature, message);
  return { alg: suite.alg, kid: hex((await sha256(spki)).subarray(0, 8)), raw: spki.subarray(-32), verifies };
}
const isAny = isBytes(0, Infinity), FRAME = isTuple(isAny, isMap({}), isAny, isBytes(64));
const CLAIMS = isMap({
  1: isText(1, 64), 2: isText(1, 128), 3: isText(1, 128), 6: isInt(0, 2 ** 40 - 1), 7: isBytes(16),
});
/** The four parts of a COSE_Sign1, and then what its protected header says. */
export function readFrame(bytes, limit = 65_535) {
  need(bytes.length <= limit && bytes[0] === 0xd2);
  return checked(FRAME, decode(bytes.subarray(1)));
}
export function readHeader([shielded, , payload, signature], isType, { label = 3, claims = false } = {}) {
  const fields = { 1: one(-7, -8), [label]: isType, 4: isBytes(8), ...(claims && { 15: CLAIMS }) };
  const said = checked(isMap(fields), decode(shielded)), { 1: alg, 4: kid, [label]: type, 15: more } = said;
  const message = () => cat(head(4, 4), head(3, 10), utf8("Signature1"), bstr(shielded), bstr([]), bstr(payload));
  const holds = (key) => key.alg === alg && key.kid === hex(kid) && key.verifies(message(), signature);
  const { 1: iss, 2: sub, 3: aud, 6: iat, 7: cti } = more ?? {};
  return { kid: hex(kid), type, payload, holds, iss, sub, aud, iat, cti };
}
export function readSigned(bytes, isType, { limit, ...how } = {}) {
  const signed = readHeader(readFrame(bytes, limit), isType, how);
  return { ...signed, body: decode(signed.payload) };
}

// L6 to L9: tree, note, checkpoint, proof.
async function rootOf(leaf, index, size, path) {
  if (size === 1n && !path.length) return sha256([0], leaf);
  let half = 1n;
  while (2n * half < size) half *= 2n;
  const other = need(size > 1n && path.at(-1)), rest = path.slice(0, -1);
  if (index < half) return sha256([1], await rootOf(leaf, index, half, rest), other);
  return sha256([1], other, await rootOf(leaf, index - half, size - half, rest));
}
export async function included({ leaf, seq, hashes }, { size, root }) {
  need(seq < size && hex(await rootOf(leaf, BigInt(seq), BigInt(size), hashes)) === hex(root));
}
const NAME = /^[^\p{White_Space}\0-\x1f+]+$/u;
/** A key under the name and type that it has in notes. */
export async function named(key, name, type) {
  const raw = [type, ...key.raw], id = hex((await sha256(utf8(`${name}\n`), raw)).subarray(0, 4));
  return { ...key, name, type, id, line: `${name}+${id}+${btoa(String.fromCharCode(...raw))}` };
}
export async function readVkey(line, type) {
  const [, name, rest] = need(/^([^+]+)\+[0-9a-f]{8}\+(.*)$/.exec(line)), raw = base64(rest);
  need(NAME.test(name) && raw.length === 33);
  const key = await named(await keyOf(cat(unhex(SUITES[44].der), raw.subarray(1))), name, type);
  need(key.line === line);
  return key;
}
const CHECKPOINT = /^(([^\n]+)\n(0|[1-9]\d{0,18})\n([^\n]+)\n)\n((?:\u2014 [^ \n]+ [^ \n]+\n){1,100})$/;
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/** A note with the text of a checkpoint; nothing is verified. */
export function readCheckpoint(bytes) {
  need(bytes.length <= 1_000_000);
  const [, body, origin, digits, top, signatures] = need(CHECKPOINT.exec(text(bytes)));
  const lines = signatures.split("\n").slice(0, -1).map((line) => {
    const [, name, rest] = line.split(" "), raw = base64(rest);
    need(NAME.test(name) && raw.length > 4);
    return { name, id: hex(raw.subarray(0, 4)), signature: raw.subarray(4) };
  });
  const root = base64(top), size = small(BigInt(digits));
  need(NAME.test(origin) && size < 2n ** 63n && root.length === 32 && (size || hex(root) === EMPTY_ROOT));
  return { body, lines, origin, size, root };
}
/** The checkpoint, and by the vkey of each known witness the latest time at which it cosigned (L8). */
export async function openCheckpoint(bytes, logs, witnesses) {
  const read = readCheckpoint(bytes), keys = [...logs, ...witnesses], times = new Map();
  need(distinct(keys.map((key) => key.name + key.id)));
  let signed = !logs.length; // where no log is named, none needs to have signed
  for (const { name, id, signature } of read.lines) {
    const key = keys.find((each) => each.name === name && each.id === id), isLog = key?.type === 1;
    if (!key) continue;
    const time = isLog ? 0n : big(signature.subarray(0, 8));
    const over = isLog ? read.body : `cosignature/v1\ntime ${time}\n${read.body}`;
    need(signature.length === (isLog ? 64 : 72) && time < 2n ** 63n);
    need(await key.verifies(utf8(over), signature.subarray(-64)));
    if (isLog) signed ||= name === read.origin;
    else times.set(key.line, Math.max(Number(time), times.get(key.line) ?? 0));
  }
  need(signed);
  return { ...read, times };
}
const PROOF = /^c2sp\.org\/tlog-proof@v1\nextra ([^\n]+)\nindex (0|[1-9]\d{0,18})\n((?:[^\n]+\n){0,63})\n([^]*)$/;
const LEAF = isTuple(one(1), isInt(0, 2n ** 63n), isInt(0, 2 ** 53), isBytes(32), isBytes(1, 65_535));
export function readProof(bytes) {
  need(bytes.length <= 2_000_000);
  const [, extra, index, path, note] = need(PROOF.exec(text(bytes))), leaf = base64(extra);
  const hashes = path.split("\n").slice(0, -1).map(base64), [, seq, time, , statement] = checked(LEAF, decode(leaf));
  need(leaf.length <= 65_535 && hashes.every(isBytes(32)) && String(seq) === index);
  return { leaf, seq, time, statement, hashes, note: utf8(note) };
}
