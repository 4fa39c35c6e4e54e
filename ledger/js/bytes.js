/** Bytes: comparing, joining, hexadecimal, base64 of one spelling, UTF-8 of one spelling, SHA-256. Pure. */

import { Malformed } from "/js/ledger/errors.js";

const UTF8 = new TextEncoder();

/** @param {string} text @returns {Uint8Array} */
export function utf8(text) {
  if (!isWellFormed(text)) throw new Malformed("TEXT_FORM", "text holds half of a character");
  return UTF8.encode(text);
}

/** The text of well-formed UTF-8, or null. @param {Uint8Array} data @returns {string | null} */
export function fromUtf8(data) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return null;
  }
}

/** No lone surrogates. @param {string} text */
export function isWellFormed(text) {
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(place + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    place += 1;
  }
  return true;
}

/** Characters as people and Python count them. @param {string} text */
export function codePoints(text) {
  return [...text].length;
}

/** @param {Uint8Array} one @param {Uint8Array} other */
export function equal(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

/** @param {...Uint8Array} parts @returns {Uint8Array} */
export function concat(...parts) {
  return join(parts);
}

/** As `concat`, for any number of parts. @param {Uint8Array[]} parts @returns {Uint8Array} */
export function join(parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}

/** @param {Uint8Array} data */
export function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text of lower-case digits, two a byte; null if it is not */
export function fromHex(text) {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Big-endian. @param {Uint8Array} data @returns {bigint} */
export function toInteger(data) {
  return data.length === 0 ? 0n : BigInt(`0x${hex(data)}`);
}

/** RFC 4648 section 4, with padding. @param {Uint8Array} data */
export function toBase64(data) {
  let text = "";
  for (let place = 0; place < data.length; place += 8192) {
    text += String.fromCharCode(...data.subarray(place, place + 8192));
  }
  return btoa(text);
}

/** The bytes of exactly the text `toBase64` writes, or null. @param {string} text */
export function fromBase64(text) {
  let data;
  try {
    data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  return toBase64(data) === text ? data : null; // atob lets stray bits, missing padding and blanks pass
}

/** base64url without padding, as our JSON carries bytes. @param {Uint8Array} data */
export function toBase64Url(data) {
  return toBase64(data).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The bytes of exactly the text `toBase64Url` writes, or null. @param {unknown} text */
export function fromBase64Url(text) {
  if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const padded = text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return fromBase64(padded);
}

/** @param {Uint8Array} data @returns {Promise<Uint8Array>} */
export async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}
