/**
 * The status list: which certificates stand (IETF Token Status List, CWT, 2 bits). As `issuers/status.py`.
 *
 * @typedef {{uri: string, number: number, size: number, issuedAt: number, ttl: number, bits: Uint8Array}} StatusList
 */

import { decode, isInteger } from "/js/ledger/cbor.js";
import { checkSign1, parseSign1 } from "/js/ledger/cose.js";
import { Malformed, Unavailable } from "/js/ledger/errors.js";

const TYPE = "application/statuslist+cwt";
const PLACES = 2 ** 20;
const BYTES = PLACES / 4;
const TTL_MAX = 7 * 86_400;
const TOKEN_BYTES_MAX = BYTES + 4096;
const [SUB, IAT, LIST, TTL, OURS] = [2, 6, 65533, 65534, -70002];

/** 0 valid, 1 revoked, 2 suspended, 3 superseded. @param {StatusList} list @param {number} index */
export function statusValue(list, index) {
  if (!(index >= 0 && index < PLACES)) throw new Malformed("STATUS_INDEX", "no such place in a status list");
  return (list.bits[Math.floor(index / 4)] >> (2 * (index % 4))) & 3;
}

/**
 * The list, signature checked.
 * @param {Uint8Array} raw
 * @param {import("/js/ledger/keys.js").PublicKey} key
 * @returns {Promise<StatusList>}
 */
export async function openStatusList(raw, key) {
  const message = parseSign1(raw, { bytesMax: TOKEN_BYTES_MAX });
  if (message.contentType !== TYPE) throw shape();
  await checkSign1(message, key);
  const claims = decode(message.payload, { bytesMax: TOKEN_BYTES_MAX });
  const map = claims instanceof Map && claims.size === 5 ? claims : new Map();
  const [uri, issuedAt, list, ttl, ours] = [SUB, IAT, LIST, TTL, OURS].map((label) => map.get(label));
  const packed = list instanceof Map && list.size === 2 && list.get("bits") === 2 ? list.get("lst") : null;
  const [number, size] = Array.isArray(ours) && ours.length === 2 ? ours : [];
  const whole = [issuedAt, ttl, number, size].every((one) => isInteger(one) && one >= 0);
  if (typeof uri !== "string" || !whole || !(packed instanceof Uint8Array)) throw shape();
  if (!(ttl > 0 && ttl <= TTL_MAX)) throw new Malformed("STATUS_TTL", `a list is fresh for at most ${TTL_MAX} seconds`);
  return { uri, number, size, issuedAt, ttl, bits: await inflate(packed) };
}

/** Never inflates past the fixed size. */
async function inflate(packed) {
  if (typeof DecompressionStream === "undefined") {
    throw new Unavailable("BROWSER_INFLATE", "this browser cannot unpack the status list");
  }
  const bits = new Uint8Array(BYTES);
  let length = 0;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (length + part.value.length > BYTES) throw shape();
      bits.set(part.value, length);
      length += part.value.length;
    }
  } catch {
    reader.cancel().catch(() => {}); // too long, damaged, or with something behind its end
    throw shape();
  }
  if (length !== BYTES) throw shape();
  return bits;
}

function shape() {
  return new Malformed("STATUS_SHAPE", "not a status list of this project");
}
