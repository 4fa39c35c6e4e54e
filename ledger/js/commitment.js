/**
 * Salted commitments per field, and their openings. As `ledger/commitment.py`.
 *
 * @typedef {{recordKey: Uint8Array, fields: Record<string, any>}} Opening a record key has 32 random bytes
 */

import { concat, sha256, utf8 } from "/js/ledger/bytes.js";
import { encode } from "/js/ledger/cbor.js";
import { Malformed } from "/js/ledger/errors.js";

const RECORD_KEY_BYTES = 32;
const HMAC = { name: "HMAC", hash: "SHA-256" };

/** One 32-byte digest per field. @param {Opening} opening @returns {Promise<Map<string, Uint8Array>>} */
export async function commit({ recordKey, fields }) {
  if (recordKey.length !== RECORD_KEY_BYTES) throw new Malformed("OPENING_KEY", "a record key has 32 bytes");
  const key = await crypto.subtle.importKey("raw", recordKey, HMAC, false, ["sign"]);
  const digests = new Map();
  for (const [name, value] of Object.entries(fields)) {
    const info = concat(utf8(`malan/salt/1/${name}`), Uint8Array.of(1));
    const salt = new Uint8Array(await crypto.subtle.sign("HMAC", key, info));
    digests.set(name, await sha256(encode(["malan/commitment/1", name, salt, value])));
  }
  return digests;
}

/** What travels beside the statement and is kept sealed. @param {Opening} opening */
export function encodeOpening({ recordKey, fields }) {
  return encode([recordKey, fields]);
}
