/** Bytes, keys, COSE, notes, checkpoints, proofs and policies: ledger/SPEC.md L1, L2, L6 to L9, L11.
 *
 * Part of the reference verifier (reference.mjs). Every reader refuses what the SPEC refuses, with the stage it is.
 */
/** Milliseconds: the end of the year 9999 in Shanghai. */
export const TIME_END = 253_402_214_400_000;
const utf8 = new TextEncoder(), SHANGHAI = 28_800_000, EMPTY = new Uint8Array();
/** A deviation, with the stage that it belongs to. Whatever else is thrown is a mistake in this file. */
export class Refused extends Error {}
export const need = (held, stage) => { if (!held) throw new Refused(stage); };
export const sure = async (work, stage) => { try { return await work(); } catch { throw new Refused(stage); } };
const refused = (error) => { if (error instanceof Refused) return error; throw error; };
export const settle = async (work) => { try { return await work(); } catch (error) { refused(error); return null; } };
const cat = (...parts) => {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  parts.reduce((at, one) => (all.set(one, at), at + one.length), 0);
  return all;
};
export const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const big = (bytes) => BigInt("0x0" + hex(bytes)), small = (n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n);
const text = (bytes, stage) => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try { return strict.decode(bytes); } catch { throw new Refused(stage); }
};
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const base64 = (line, stage) => {
  need(BASE64.test(line) && btoa(atob(line)) === line, stage);
  return Uint8Array.from(atob(line), (one) => one.charCodeAt(0));
};
export const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", cat(...parts)));
/** The day in Shanghai; the last one there is for anything later. */
export const dayOf = (ms) => new Date(Math.min(ms, TIME_END - 1) + SHANGHAI).toISOString().slice(0, 10);
export const isBytes = (low, high = low) => (v) => v instanceof Uint8Array && v.length >= low && v.length <= high;
export const isInt = (low, high) => (v) => (Number.isInteger(v) || typeof v === "bigint") && v >= low && v <= high;
const within = (size, low, high) => size >= low && size <= high;
export const isText = (low, high, form = /^/) => (v) =>
  typeof v === "string" && within([...v].length, low, high) && form.test(v);
export const isList = (low, high, one) => (v) => Array.isArray(v) && within(v.length, low, high) && v.every(one);
/** A map of exactly these fields; `?` after one that may be left out, an integer key in its digits. */
export const isMap = (fields) => (v) => v instanceof Map && Object.entries(fields).reduce((left, [field, fits]) => {
  const name = field.replace("?", ""), key = /^-?\d+$/.test(name) ? Number(name) : name;
  return left - (v.has(key) ? (fits(v.get(key)) ? 1 : NaN) : field === name ? NaN : 0);
}, v.size) === 0;

// L1, encoding.
function head(major, n) {
  const size = [24, 2 ** 8, 2 ** 16, 2 ** 32].findIndex((limit) => n < limit);
  const width = size < 0 ? 8 : [0, 1, 2, 4][size];
  if (!width) return Uint8Array.of((major << 5) | Number(n));
  return cat([(major << 5) | (24 + Math.log2(width))], unhex(BigInt(n).toString(16).padStart(2 * width, "0")));
}
export function encode(value) {
  if (value === null || typeof value === "boolean") return Uint8Array.of(value === null ? 0xf6 : 0xf4 + value);
  if (["number", "bigint"].includes(typeof value)) return value < 0 ? head(1, -1n - BigInt(value)) : head(0, value);
  if (typeof value === "string") return cat(head(3, utf8.encode(value).length), utf8.encode(value));
  if (value instanceof Uint8Array) return cat(head(2, value.length), value);
  if (Array.isArray(value)) return cat(head(4, value.length), ...value.map(encode));
  const pairs = [...value].map((pair) => pair.map(encode)).sort(([a], [b]) => (hex(a) < hex(b) ? -1 : 1));
  return cat(head(5, pairs.length), ...pairs.flat());
}
export function decode(bytes, stage, limit = 65_535) {
  need(bytes.length <= limit, stage);
  let at = 0;
  const take = (n) => { need(n <= bytes.length - at, stage); return bytes.slice(at, (at += Number(n))); };
  const item = (level) => {
    const first = take(1)[0], major = first >> 5, low = first & 31;
    need(major === 7 ? low >= 20 && low <= 22 : low < 28 && major !== 6, stage);
    if (major === 7) return [false, true, null][low - 20];
    const n = low < 24 ? BigInt(low) : big(take(1 << (low - 24)));
    need(n < 2n ** 63n && (major < 2 || n <= bytes.length), stage);
    if (major < 2) return small(major ? -1n - n : n);
    if (major < 4) return major === 2 ? take(n) : text(take(n), stage);
    need(level <= 8, stage);
    const items = Array.from({ length: Number(n) * (major - 3) }, () => item(level + 1));
    if (major === 4) return items;
    const pairs = Array.from({ length: Number(n) }, (_, index) => items.slice(2 * index, 2 * index + 2));
    need(pairs.every(([key]) => ["number", "bigint", "string"].includes(typeof key)), stage);
    return new Map(pairs);
  };
  const value = item(1);
  need(at === bytes.length && hex(encode(value)) === hex(bytes), stage); // one value, one encoding
  return value;
}

// L2, keys and COSE_Sign1.
const P256 = "3059301306072a8648ce3d020106082a8648ce3d03010703420004", ED25519 = "302a300506032b6570032100";
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, Q = 2n ** 255n - 19n;
function power(n, exponent) {
  let r = 1n;
  for (; exponent; exponent >>= 1n, n = (n * n) % Q) if (exponent & 1n) r = (r * n) % Q;
  return r;
}
function goodPoint(raw) {
  const y = big(raw.slice().reverse()) & (2n ** 255n - 1n), yy = (y * y) % Q;
  const d = ((Q - 121665n) * power(121666n, Q - 2n)) % Q;
  const xx = ((yy + Q - 1n) * power((d * yy + 1n) % Q, Q - 2n)) % Q;
  // Where x = 0, the power is 0: refused like what is no square.
  return y < Q && power(xx, (Q - 1n) / 2n) === 1n && y !== 0n && (xx + yy) % Q !== 0n;
}
export async function keyOf(spki, stage) {
  const alg = { 91: -7, 44: -8 }[spki.length];
  need(alg && hex(spki).startsWith(alg === -7 ? P256 : ED25519) && (alg === -7 || goodPoint(spki.slice(12))), stage);
  const suite = alg === -7 ? { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } : { name: "Ed25519" };
  const key = await sure(() => crypto.subtle.importKey("spki", spki, suite, false, ["verify"]), stage);
  const verifies = async (message, signature) => (alg === -8 || big(signature.slice(32)) <= ORDER / 2n)
    && crypto.subtle.verify(suite, key, signature, message);
  return { alg, kid: hex((await sha256(spki)).slice(0, 8)), verifies, raw: spki.slice(-32) };
}
const CLAIMS = isMap({
  1: isText(1, 64), 2: isText(1, 128), 3: isText(1, 128), 6: isInt(0, 2 ** 40 - 1), 7: isBytes(16),
});
export function readSigned(bytes, type, { claims = false, limit = 65_535, label = 3 } = {}) {
  need(bytes[0] === 0xd2 && bytes.length <= limit, "cose");
  const parts = decode(bytes.slice(1), "cose", limit);
  need(isList(4, 4, () => true)(parts) && isMap({})(parts[1]) && isBytes(64)(parts[3]), "cose");
  const [shielded, , payload, signature] = parts;
  need(shielded instanceof Uint8Array && payload instanceof Uint8Array, "cose");
  const header = decode(shielded, "header"), isAlg = (v) => v === -7 || v === -8;
  const fits = (v) => (type instanceof RegExp ? typeof v === "string" && type.test(v) : v === type);
  const fields = { 1: isAlg, [label]: fits, 4: isBytes(8), ...(claims ? { 15: CLAIMS } : {}) };
  need(isMap(fields)(header), "header");
  const [alg, kid, said] = [header.get(1), hex(header.get(4)), header.get(15) ?? new Map()];
  const message = encode(["Signature1", shielded, EMPTY, payload]);
  const holds = (key) => key.alg === alg && key.kid === kid && key.verifies(message, signature);
  const [iss, sub, aud, iat, cti] = [1, 2, 3, 6, 7].map((one) => said.get(one));
  return { alg, kid, holds, type: header.get(label), payload, bytes, iss, sub, aud, iat, cti };
}

// L6 to L9, L11: tree, note, checkpoint, proof, policy.
export async function included(leaf, index, size, path, root) {
  let f = BigInt(index), s = BigInt(size) - 1n, r = await sha256([0], leaf);
  need(f <= s, "log");
  for (const p of path) {
    need(s !== 0n, "log");
    const left = f & 1n || f === s;
    r = await (left ? sha256([1], p, r) : sha256([1], r, p));
    if (left) while (!(f & 1n) && f) { f >>= 1n; s >>= 1n; }
    f >>= 1n; s >>= 1n;
  }
  need(s === 0n && hex(r) === hex(root), "log");
}
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
export const NAME = /^[^\s\u0085+\p{Cc}]+$/u;
export async function readVkey(line, type) {
  const [, name, id, rest] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/.exec(line) ?? [];
  need(name !== undefined && NAME.test(name), "note");
  const raw = base64(rest, "note"), own = hex((await sha256(utf8.encode(`${name}\n`), raw)).slice(0, 4));
  need(own === id && raw[0] === type && raw.length === 33, "note");
  return { line, name, id, type, key: await keyOf(cat(unhex(ED25519), raw.slice(1)), "note") };
}
/** A note with the text of a checkpoint; nothing is verified. */
export function readCheckpoint(bytes) {
  const note = text(bytes, "note"), cut = note.lastIndexOf("\n\n"), body = note.slice(0, cut + 1);
  need(bytes.length <= 1_000_000 && cut > 0 && note.endsWith("\n") && !/[\0-\x09\x0b-\x1f]/.test(note), "note");
  const lines = note.slice(cut + 2, -1).split("\n").map((line) => {
    const [, name, rest] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
    need(name && NAME.test(name), "note");
    const raw = base64(rest, "note");
    need(raw.length > 4, "note");
    return { name, id: hex(raw.slice(0, 4)), signature: raw.slice(4) };
  });
  const [, origin, digits, line] = /^([^\n]+)\n(0|[1-9]\d{0,18})\n([^\n]+)\n$/.exec(body) ?? [];
  need(lines.length <= 100 && origin && NAME.test(origin) && BigInt(digits) < 2n ** 63n, "note");
  const root = base64(line, "note"), size = small(BigInt(digits));
  need(root.length === 32 && (size || hex(root) === EMPTY_ROOT), "note");
  return { body, lines, origin, size, root };
}
/** The checkpoint, and by the vkey of each known witness the latest time at which it cosigned (L8). */
export async function openCheckpoint(bytes, logs, witnesses) {
  const read = readCheckpoint(bytes), keys = [...logs, ...witnesses], times = new Map();
  const named = new Set(keys.map((key) => key.name + key.id)), distinct = new Set(keys.map((key) => key.line));
  need(named.size === distinct.size, "note");
  let signed = !logs.length;
  for (const { name, id, signature } of read.lines) {
    const key = keys.find((one) => one.name === name && one.id === id);
    if (!key) continue;
    need(signature.length === (key.type === 1 ? 64 : 72), "note");
    const time = key.type === 4 ? big(signature.slice(0, 8)) : 0n;
    const over = key.type === 1 ? read.body : `cosignature/v1\ntime ${time}\n${read.body}`;
    need(time < 2n ** 63n && (await key.key.verifies(utf8.encode(over), signature.slice(-64))), "note");
    if (key.type === 1) signed ||= name === read.origin;
    else times.set(key.line, Math.max(Number(time), times.get(key.line) ?? 0));
  }
  need(signed, "note");
  return { ...read, times };
}
export function readProof(bytes) {
  const form = /^c2sp\.org\/tlog-proof@v1\n(?:extra ([^\n]+)\n)?index (0|[1-9]\d{0,18})\n((?:[^\n]+\n){0,63})\n([^]*)$/;
  const [whole, extra, index, path, note] = form.exec(text(bytes, "log")) ?? [];
  need(whole !== undefined && bytes.length <= 2_000_000 && extra && BigInt(index) < 2n ** 63n, "log");
  const hashes = path.split("\n").slice(0, -1).map((line) => base64(line, "log")), raw = base64(extra, "log");
  const leaf = decode(raw, "log");
  need(hashes.every(isBytes(32)) && isList(5, 5, () => true)(leaf), "log");
  need(leaf[0] === 1 && leaf[1] === small(BigInt(index)), "log");
  need(isInt(0, 2 ** 53)(leaf[2]) && isBytes(32)(leaf[3]) && isBytes(1, 65_535)(leaf[4]), "log");
  return { leaf: raw, seq: leaf[1], time: leaf[2], statement: leaf[4], hashes, note: utf8.encode(note) };
}
export async function readPolicy(source) {
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null }, used = new Set();
  need(/^(?:[^\n]*\n)*$/.test(source) && !/[\0-\x08\x0b-\x1f\x7f]/.test(source), "policy");
  const known = (name) => policy.witnesses.has(name) || policy.groups.has(name);
  const lines = source.split("\n").map((line) => line.split(/[ \t]+/).filter(Boolean));
  for (const [word, ...rest] of lines.filter(([first]) => first && first[0] !== "#")) {
    const fresh = () => rest[0] !== "none" && !known(rest[0]);
    if (word === "log" && rest.length && rest.length < 3) policy.logs.push(await readVkey(rest[0], 1));
    else if (word === "witness" && rest.length > 1 && rest.length < 4 && fresh())
      policy.witnesses.set(rest[0], { ...(await readVkey(rest[1], 4)), url: rest[2] });
    else if (word === "group" && rest.length > 2 && fresh()) {
      const [name, count, ...members] = rest, number = /^[1-9]\d{0,3}$/.test(count) ? Number(count) : 0;
      const k = { any: 1, all: members.length }[count] ?? number;
      need(k >= 1 && k <= members.length, "policy");
      need(members.every((one) => known(one) && !used.has(one) && used.add(one)), "policy");
      policy.groups.set(name, { k, members });
    } else {
      need(word === "quorum" && rest.length === 1 && policy.quorum === null, "policy");
      need(rest[0] === "none" || known(rest[0]), "policy");
      policy.quorum = rest[0];
    }
  }
  const witnesses = [...policy.witnesses.values()], distinct = (list) => new Set(list).size === list.length;
  need(policy.quorum && distinct([...policy.logs, ...witnesses].map((one) => hex(one.key.raw))), "policy");
  need(distinct(witnesses.map((one) => one.name)), "policy");
  return policy;
}
/** Whether two policies are one but for their log lines. */
export const same = (...two) => {
  const [one, other] = two.map(({ witnesses, groups, quorum }) => JSON.stringify([quorum, [...groups],
    [...witnesses].map(([name, key]) => [name, key.line, key.url ?? null])]));
  return one === other;
};
export const satisfied = ({ witnesses, groups, quorum }, times, counts = () => true) => {
  const met = (name) => (groups.has(name) ? groups.get(name).members.filter(met).length >= groups.get(name).k
    : times.has(witnesses.get(name).line) && counts(times.get(witnesses.get(name).line)));
  return quorum === "none" || met(quorum);
};
