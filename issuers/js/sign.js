/**
 * What a party signs in the browser, with a key the browser holds: requests, statements, session statements and
 * enrolments. As `issuers/request.py`, `issuers/session.py`, `issuers/enrolment.py`.
 *
 *     const signer = await webSigner(await newKeyPair());
 *     const raw = await signRequest(signer, { name: "certificates", claims: claimsOf({ iss, sub, aud }), body });
 *     post("/api/…", { request: toBase64Url(raw) });
 *
 * A body is a plain object or Map of what CBOR can say; byte strings are Uint8Array. The random `cti` makes sending
 * twice one act: keep the signed bytes and send the very same again.
 */

import { encode } from "/js/ledger/cbor.js";
import { sign1 } from "/js/ledger/cose.js";
import { Malformed } from "/js/ledger/errors.js";
import { uuid7 } from "/js/ledger/statement.js";

export { fromBase64Url, fromHex, hex, toBase64Url } from "/js/ledger/bytes.js";
export { kidOf, newKeyPair, webSigner } from "/js/ledger/keys.js";
export { signStatement, uuid7 } from "/js/ledger/statement.js";

const REQUEST_NAME = /^[a-z]+(?:-[a-z]+)*$/;

/**
 * Claims of something to be signed now: who, about what, for which log.
 * @param {{iss: string, sub: string, aud: string, iat?: number, cti?: Uint8Array}} who `iat` in seconds
 * @returns {import("/js/ledger/cose.js").Claims}
 */
export function claimsOf({ iss, sub, aud, iat = Math.floor(Date.now() / 1000), cti = uuid7(iat * 1000) }) {
  return { iss, sub, aud, iat, cti };
}

/**
 * A signed request; good once, for five minutes around `claims.iat`.
 * @param {import("/js/ledger/keys.js").Signer} signer
 * @param {{name: string, claims: import("/js/ledger/cose.js").Claims, body: object}} request
 * @returns {Promise<Uint8Array>}
 */
export async function signRequest(signer, { name, claims, body }) {
  if (!REQUEST_NAME.test(name)) throw new Malformed("REQUEST_KIND", "a name is lower-case words joined by hyphens");
  const contentType = `application/vnd.malan.request.${name}.v1+cbor`;
  return sign1(signer, { contentType, payload: encode(body), claims });
}

/**
 * A session statement: this officer signs in at this address, once. Show `host` to the person first.
 * @param {import("/js/ledger/keys.js").Signer} signer
 * @param {{claims: import("/js/ledger/cose.js").Claims, host: string, nonce: Uint8Array}} session
 * @returns {Promise<Uint8Array>}
 */
export async function signSession(signer, { claims, host, nonce }) {
  const payload = encode({ host, nonce, time: claims.iat });
  return sign1(signer, { contentType: "application/vnd.malan.session.v1+cbor", payload, claims });
}

/**
 * The proof of possession that goes to the party's admin, who enrols the key.
 * @param {import("/js/ledger/keys.js").Signer} signer
 * @param {import("/js/ledger/cose.js").Claims} claims `sub` is officer/<staff id in hex>
 * @returns {Promise<Uint8Array>}
 */
export async function signEnrolment(signer, claims) {
  const payload = encode({ spki: signer.public.spki });
  return sign1(signer, { contentType: "application/vnd.malan.enrolment.v1+cbor", payload, claims });
}
