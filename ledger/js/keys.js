/**
 * Signature keys behind one interface, by WebCrypto: ES256 and Ed25519. As `ledger/keys.py`.
 *
 * A key is named by `kid`, the first eight bytes of SHA-256 over its SubjectPublicKeyInfo. ES256 signatures are low-S,
 * always. A browser without Ed25519 verifies it by `edwards.js`.
 *
 * @typedef {{alg: number, spki: Uint8Array, kid: Uint8Array,
 *            verify: (message: Uint8Array, signature: Uint8Array) => Promise<void>}} PublicKey
 * @typedef {{public: PublicKey, sign: (message: Uint8Array) => Promise<Uint8Array>}} Signer
 */

import { concat, equal, fromHex, hex, sha256, toInteger } from "/js/ledger/bytes.js";
import { checkEd25519Point, verifyEd25519 } from "/js/ledger/edwards.js";
import { BadSignature, Malformed } from "/js/ledger/errors.js";

export const ES256 = -7;
export const EDDSA = -8;
export const KID_BYTES = 8;
export const SIGNATURE_BYTES = 64;

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const P256_HEAD = fromHex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
export const ED25519_HEAD = fromHex("302a300506032b6570032100");
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA = { name: "ECDSA", hash: "SHA-256" };
const known = new Map();

/** @param {number} alg */
export function isAlgorithm(alg) {
  return alg === ES256 || alg === EDDSA;
}

/** @param {Uint8Array} spki @returns {Promise<Uint8Array>} */
export async function kidOf(spki) {
  return (await sha256(spki)).slice(0, KID_BYTES);
}

/**
 * The key of a SubjectPublicKeyInfo, if it is one of the suite `alg` in its only DER spelling.
 * @param {number} alg
 * @param {Uint8Array} spki
 * @returns {Promise<PublicKey>}
 */
export async function publicKey(alg, spki) {
  if (!isAlgorithm(alg)) throw new Malformed("KEY_ALG", "unknown signature algorithm");
  const [head, length, make] = alg === ES256 ? [P256_HEAD, 91, es256] : [ED25519_HEAD, 44, ed25519];
  if (spki.length !== length || !equal(spki.subarray(0, head.length), head)) {
    throw new Malformed("KEY_SPKI", "not a key for this algorithm in its one DER encoding");
  }
  const { check, kid } = await taken(make, spki.slice());
  const verify = async (message, signature) => {
    if (signature.length !== SIGNATURE_BYTES) throw new BadSignature("SIGNATURE_SIZE", "a signature has 64 bytes");
    if (!(await check(message, signature))) throw new BadSignature("SIGNATURE_BAD", "the signature does not verify");
  };
  return Object.freeze({ alg, spki: spki.slice(), kid: kid.slice(), verify });
}

/** Verification with the 32 raw bytes of an Ed25519 key, which must be a point of large order. */
export async function ed25519Verifier(raw) {
  return (await taken(ed25519, concat(ED25519_HEAD, raw))).check;
}

/**
 * A P-256 key pair that this browser holds and never gives out.
 * @returns {Promise<CryptoKeyPair>}
 */
export async function newKeyPair() {
  return crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
}

/**
 * Whoever holds a WebCrypto P-256 key pair, as a signer.
 * @param {CryptoKeyPair} pair
 * @returns {Promise<Signer>}
 */
export async function webSigner(pair) {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const sign = async (message) => lowS(new Uint8Array(await crypto.subtle.sign(ECDSA, pair.privateKey, message)));
  return Object.freeze({ public: await publicKey(ES256, spki), sign });
}

function lowS(signature) {
  const s = toInteger(signature.subarray(32));
  if (s <= ORDER / 2n) return signature;
  return concat(signature.subarray(0, 32), fromHex((ORDER - s).toString(16).padStart(64, "0")));
}

/** A log names the same keys again and again, and to take one in costs more than a signature. */
function taken(make, spki) {
  const name = hex(spki);
  if (!known.has(name)) known.set(name, Promise.all([make(spki), kidOf(spki)]));
  return known.get(name).then(([check, kid]) => ({ check, kid }));
}

async function es256(spki) {
  let key;
  try {
    key = await crypto.subtle.importKey("spki", spki, CURVE, true, ["verify"]);
  } catch {
    throw new Malformed("KEY_SPKI", "not a point of the curve");
  }
  return async (message, signature) => {
    if (toInteger(signature.subarray(32)) > ORDER / 2n) {
      throw new BadSignature("SIGNATURE_HIGH_S", "the signature is not in its low-S form");
    }
    return crypto.subtle.verify(ECDSA, key, signature, message);
  };
}

async function ed25519(spki) {
  const raw = spki.slice(ED25519_HEAD.length);
  checkEd25519Point(raw);
  let key;
  try {
    key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, true, ["verify"]);
  } catch {
    return (message, signature) => verifyEd25519(raw, message, signature); // a browser without Ed25519
  }
  return (message, signature) => crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}
