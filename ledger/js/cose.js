/**
 * COSE_Sign1 (RFC 9052 section 4.2), always tag 18, in the one shape this project signs. As `ledger/cose.py`.
 *
 * @typedef {{iss: string, sub: string, aud: string, iat: number, cti: Uint8Array}} Claims
 * @typedef {{raw: Uint8Array, alg: number, contentType: string | number, kid: Uint8Array, claims: Claims | null,
 *            payload: Uint8Array, protected: Uint8Array, signature: Uint8Array}} Sign1
 */

import { codePoints, concat, equal } from "/js/ledger/bytes.js";
import { BYTES_MAX, decode, encode, isInteger } from "/js/ledger/cbor.js";
import { Malformed } from "/js/ledger/errors.js";
import { isAlgorithm, KID_BYTES, SIGNATURE_BYTES } from "/js/ledger/keys.js";

export const TAG_18 = 0xd2;
const STATUS_LIST_TYPE = "application/statuslist+cwt";
const [ALG, CONTENT_TYPE, KID, CLAIMS, TYP] = [1, 3, 4, 15, 16];
const [ISS, SUB, AUD, IAT, CTI] = [1, 2, 3, 6, 7];

/**
 * Signed bytes over `payload`.
 * @param {import("/js/ledger/keys.js").Signer} signer
 * @param {{contentType: string | number, payload: Uint8Array, claims?: Claims | null}} what
 * @returns {Promise<Uint8Array>}
 */
export async function sign1(signer, { contentType, payload, claims = null }) {
  const header = new Map([
    [ALG, signer.public.alg],
    [typeLabel(contentType), contentType],
    [KID, signer.public.kid],
  ]);
  if (claims !== null) {
    const { iss, sub, aud, iat, cti } = claims;
    header.set(CLAIMS, new Map([[ISS, iss], [SUB, sub], [AUD, aud], [IAT, iat], [CTI, cti]]));
  }
  const protectedBytes = encode(header);
  const signature = await signer.sign(toBeSigned(protectedBytes, payload));
  return concat(Uint8Array.of(TAG_18), encode([protectedBytes, new Map(), payload, signature]));
}

/**
 * The parts of `raw`, strictly. The result is only well-formed: `checkSign1` before believing it.
 * @param {Uint8Array} raw
 * @param {{bytesMax?: number}} [limit]
 * @returns {Sign1}
 */
export function parseSign1(raw, { bytesMax = BYTES_MAX } = {}) {
  if (raw[0] !== TAG_18) throw new Malformed("COSE_TAG", "not a COSE_Sign1 with tag 18");
  const value = decode(raw.subarray(1), { bytesMax });
  const [protectedBytes, unprotected, payload, signature] = Array.isArray(value) && value.length === 4 ? value : [];
  const shaped = isBytes(protectedBytes) && unprotected instanceof Map && isBytes(payload) && isBytes(signature);
  if (!shaped) throw new Malformed("COSE_SHAPE", "not an array of protected, unprotected, payload, signature");
  if (unprotected.size > 0 || signature.length !== SIGNATURE_BYTES) {
    throw new Malformed("COSE_SHAPE", "unprotected header not empty, or signature not 64 bytes");
  }
  return { raw, ...readHeader(protectedBytes), payload, protected: protectedBytes, signature };
}

/**
 * Throws BadSignature; COSE_KEY if the message names another key or algorithm than `key`.
 * @param {Sign1} message
 * @param {import("/js/ledger/keys.js").PublicKey} key
 */
export async function checkSign1(message, key) {
  if (!equal(message.kid, key.kid) || message.alg !== key.alg) {
    // The algorithm comes from the enrolled key, never from the message.
    throw new Malformed("COSE_KEY", "the header names another key or algorithm than the one enrolled");
  }
  await key.verify(toBeSigned(message.protected, message.payload), message.signature);
}

/** Sig_structure of RFC 9052 section 4.4 with empty external data. */
function toBeSigned(protectedBytes, payload) {
  return encode(["Signature1", protectedBytes, new Uint8Array(0), payload]);
}

function readHeader(raw) {
  const header = decode(raw);
  const known = header instanceof Map ? header : new Map();
  const [alg, kid] = [known.get(ALG), known.get(KID)];
  const label = typeof known.get(CONTENT_TYPE) === "string" || isInteger(known.get(CONTENT_TYPE)) ? CONTENT_TYPE : TYP;
  const contentType = known.get(label);
  const typed = label === CONTENT_TYPE || typeof contentType === "string";
  if (!isInteger(alg) || !isBytes(kid) || !typed) {
    throw new Malformed("COSE_HEADER", "protected header without alg, content type and kid");
  }
  if (!isAlgorithm(alg) || kid.length !== KID_BYTES || label !== typeLabel(contentType)) {
    throw new Malformed("COSE_HEADER", "unknown algorithm, odd kid, or the type stands in the wrong header");
  }
  const claims = known.has(CLAIMS) ? readClaims(known.get(CLAIMS)) : null;
  if (known.size !== (claims === null ? 3 : 4)) throw new Malformed("COSE_HEADER", "a header this version does not know");
  return { alg, contentType, kid, claims };
}

function typeLabel(contentType) {
  return contentType === STATUS_LIST_TYPE ? TYP : CONTENT_TYPE;
}

function readClaims(value) {
  const parts = value instanceof Map && value.size === 5 ? [ISS, SUB, AUD, IAT, CTI].map((key) => value.get(key)) : [];
  const [iss, sub, aud, iat, cti] = parts;
  const shaped = [iss, sub, aud].every((text) => typeof text === "string") && isInteger(iat) && isBytes(cti);
  if (!shaped) throw new Malformed("COSE_HEADER", "claims are iss, sub, aud, iat and cti, all of them and no others");
  if (!(iat >= 0 && iat < 2 ** 40) || cti.length !== 16) {
    throw new Malformed("COSE_HEADER", "iat out of range or cti not 16 bytes");
  }
  const lengths = [[iss, 64], [sub, 128], [aud, 128]];
  if (!lengths.every(([text, most]) => text.length > 0 && codePoints(text) <= most)) {
    throw new Malformed("COSE_HEADER", "iss, sub or aud empty or too long");
  }
  return { iss, sub, aud, iat, cti };
}

function isBytes(value) {
  return value instanceof Uint8Array;
}
