/**
 * A statement: one act, signed by the party who answers for it (谁评价、谁负责). As `ledger/statement.py`.
 *
 * @typedef {{raw: Uint8Array, hash: Uint8Array, kind: string, version: number, alg: number, kid: Uint8Array,
 *            issuer: string, subject: string, audience: string, issuedAt: number, cti: Uint8Array,
 *            body: Map<string, any>, message: import("/js/ledger/cose.js").Sign1}} Statement
 */

import { sha256 } from "/js/ledger/bytes.js";
import { decodeMap, encode } from "/js/ledger/cbor.js";
import { parseSign1, sign1 } from "/js/ledger/cose.js";
import { Malformed } from "/js/ledger/errors.js";

const CONTENT_TYPE = /^application\/vnd\.malan\.([a-z]+(?:-[a-z]+)*)\.v([1-9][0-9]{0,2})\+cbor$/;
const NO_KINDS = ["enrolment", "receipt", "bundle", "session", "credential", "request"];

/**
 * The signed bytes of an act. Keep them before sending: a retry must send the same bytes.
 * @param {import("/js/ledger/keys.js").Signer} signer
 * @param {{kind: string, version?: number, claims: import("/js/ledger/cose.js").Claims, body: object}} act
 * @returns {Promise<Uint8Array>}
 */
export async function signStatement(signer, { kind, version = 1, claims, body }) {
  const contentType = `application/vnd.malan.${kind}.v${version}+cbor`;
  if (!CONTENT_TYPE.test(contentType)) throw new Malformed("STATEMENT_KIND", "a kind is lower-case words joined by hyphens");
  return sign1(signer, { contentType, payload: encode(body), claims });
}

/** The statement in `raw`; its signature is not checked yet. @param {Uint8Array} raw @returns {Promise<Statement>} */
export async function parseStatement(raw) {
  const message = parseSign1(raw);
  const match = typeof message.contentType === "string" ? CONTENT_TYPE.exec(message.contentType) : null;
  if (match === null || NO_KINDS.includes(match[1])) {
    throw new Malformed("STATEMENT_KIND", "the content type is not that of a statement");
  }
  const { claims } = message;
  if (claims === null || !isUuid7(claims.cti)) {
    throw new Malformed("STATEMENT_CLAIMS", "a statement carries iss, sub, aud, iat and a UUIDv7 cti");
  }
  return {
    raw,
    hash: await sha256(raw),
    kind: match[1],
    version: Number(match[2]),
    alg: message.alg,
    kid: message.kid,
    issuer: claims.iss,
    subject: claims.sub,
    audience: claims.aud,
    issuedAt: claims.iat,
    cti: claims.cti,
    body: decodeMap(message.payload),
    message,
  };
}

/** A UUIDv7 (RFC 9562 section 5.7). @param {number} [timeMs] @returns {Uint8Array} */
export function uuid7(timeMs = Date.now()) {
  const id = crypto.getRandomValues(new Uint8Array(16));
  let rest = timeMs;
  for (let place = 5; place >= 0; place -= 1, rest = Math.floor(rest / 256)) id[place] = rest % 256;
  id[6] = 0x70 | (id[6] & 0x0f);
  id[8] = 0x80 | (id[8] & 0x3f);
  return id;
}

function isUuid7(value) {
  return value.length === 16 && value[6] >> 4 === 7 && value[8] >> 6 === 2;
}
