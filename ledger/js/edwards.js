/**
 * Ed25519 where the browser has none: which 32 bytes are a key, and RFC 8032 verification. Pure.
 *
 * Verification is the strict, cofactorless one that OpenSSL and BoringSSL do: s below the order, and the point
 * s*B - h*A encodes to the very bytes of R. Slow and not in constant time: it holds no secret. As `ledger/edwards.py`.
 */

import { concat, toInteger } from "/js/ledger/bytes.js";
import { BadSignature, Malformed } from "/js/ledger/errors.js";

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const BASE_Y = mod(4n * power(5n, P - 2n));

/** @param {Uint8Array} key refuses what is no point, spelt otherwise, or of order 1, 2, 4 or 8 */
export function checkEd25519Point(key) {
  if (key.length !== 32) throw new Malformed("KEY_LENGTH", "An Ed25519 public key has 32 bytes.");
  const y = littleEndian(key) & (2n ** 255n - 1n);
  if (y >= P) throw new BadSignature("KEY_NOT_CANONICAL", "The public key is not in its one encoding.");
  const [x2, y2] = [xSquared(y), mod(y * y)];
  if (x2 !== 0n && power(x2, (P - 1n) / 2n) !== 1n) {
    throw new BadSignature("KEY_NOT_ON_CURVE", "The public key is not a point of the curve.");
  }
  if (x2 === 0n || y === 0n || mod(x2 + y2) === 0n) {
    throw new BadSignature("KEY_SMALL_ORDER", "The public key is a point of small order.");
  }
}

/**
 * @param {Uint8Array} key 32 bytes that `checkEd25519Point` accepts
 * @param {Uint8Array} message
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>}
 */
export async function verifyEd25519(key, message, signature) {
  const point = decompress(key);
  const s = littleEndian(signature.subarray(32));
  if (signature.length !== 64 || s >= ORDER || point === null) return false;
  const digest = await crypto.subtle.digest("SHA-512", concat(signature.subarray(0, 32), key, message));
  const h = littleEndian(new Uint8Array(digest)) % ORDER;
  const base = decompressY(BASE_Y, 0n);
  const found = compress(add(times(base, s), times(negate(point), h)));
  return found.every((byte, place) => byte === signature[place]);
}

function mod(value) {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(value, exponent) {
  let [result, square] = [1n, ((value % P) + P) % P];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function littleEndian(data) {
  return toInteger(data.slice().reverse());
}

function xSquared(y) {
  const y2 = mod(y * y);
  return mod((y2 - 1n) * power(D * y2 + 1n, P - 2n));
}

function decompress(key) {
  const all = littleEndian(key);
  return decompressY(all & (2n ** 255n - 1n), all >> 255n);
}

/** A point in extended coordinates (X, Y, Z, T), or null. */
function decompressY(y, sign) {
  const x2 = xSquared(y);
  let x = power(x2, (P + 3n) / 8n);
  if (mod(x * x - x2) !== 0n) x = mod(x * ROOT_OF_MINUS_ONE);
  if (mod(x * x - x2) !== 0n || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function compress([x, y, z]) {
  const inverse = power(z, P - 2n);
  let all = mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, () => {
    const byte = Number(all & 0xffn);
    all >>= 8n;
    return byte;
  });
}

function negate([x, y, z, t]) {
  return [mod(-x), y, z, mod(-t)];
}

/** RFC 8032 section 5.1.4; complete, so it doubles as well. */
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(point, scalar) {
  let [result, double] = [[0n, 1n, 1n, 0n], point];
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}
