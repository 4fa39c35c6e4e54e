/** Bytes as decimal digits and back in exactly one way (FIDO CTAP 2.2, 11.5). As `issuers/digits.py`. */

import { concat } from "/js/ledger/bytes.js";
import { Malformed } from "/js/ledger/errors.js";

const DIGITS_MAX = 1_200;
const [GROUP_BYTES, GROUP_DIGITS] = [7, 17];
const TAIL_DIGITS = [0, 3, 5, 8, 10, 13, 15]; // by the bytes of a tail

/** @param {string} text @returns {Uint8Array} */
export function fromDigits(text) {
  if (text.length > DIGITS_MAX) throw new Malformed("DIGITS_TOO_LONG", `more than ${DIGITS_MAX} digits`);
  if (!/^[0-9]*$/.test(text)) throw new Malformed("DIGITS_NOT_DIGITS", "only the ASCII digits 0 to 9 may stand here");
  const tail = TAIL_DIGITS.indexOf(text.length % GROUP_DIGITS);
  if (tail < 0) throw new Malformed("DIGITS_LENGTH", "no number of bytes is written with that many digits");
  const groups = text.match(/.{1,17}/g) ?? [];
  return concat(...groups.map((group) => groupBytes(group, group.length === GROUP_DIGITS ? GROUP_BYTES : tail)));
}

function groupBytes(group, size) {
  let rest = BigInt(group);
  const data = Uint8Array.from({ length: size }, () => {
    const byte = Number(rest & 0xffn);
    rest >>= 8n;
    return byte;
  });
  if (rest !== 0n) throw new Malformed("DIGITS_OVERFLOW", "a group of digits exceeds its bytes");
  return data;
}
