/**
 * The QR text of a credential, read from pinned origins only: no look-alike address is ever read as ours. As
 * `issuers/qr.py`.
 */

import { codePoints } from "/js/ledger/bytes.js";
import { Malformed, Refused } from "/js/ledger/errors.js";
import { fromDigits } from "/js/issuers/digits.js";

const TEXT_CHARS_MAX = 2_048;
const ORIGIN_CHARS_MAX = 100;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const ORIGIN = new RegExp(`^(https?)://(${LABEL}(?:\\.${LABEL})*)(?::([1-9][0-9]{0,4}))?$`);
// The white space is Python's, which JavaScript's \s is not.
const AUTHORITY = /^https?:\/\/[^/?#\\\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*/;
const PATH = /^\/v\/([0-9]{16})#([0-9])/;
// Chat programs append such things as `&appinstall=0` to a shared address, after the fragment.
const SUFFIX = /^[&?][A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,256}$/;
const FORM = /^https?:\/\/[a-z0-9.:-]+\/v\/[0-9]{16}#1[0-9]+/;
const DEFAULT_PORTS = { https: "443", http: "80" };

/** Throws QR_ORIGIN unless `origin` may be pinned, and is written the only way we write it. @param {string} origin */
export function checkOrigin(origin) {
  const match = origin.length <= ORIGIN_CHARS_MAX ? ORIGIN.exec(origin) : null;
  if (match === null) throw badOrigin();
  const [, scheme, host, port] = match;
  if (port !== undefined && (port === DEFAULT_PORTS[scheme] || Number(port) > 65_535)) throw badOrigin();
  const labels = host.split(".");
  if (labels.some((label) => label.startsWith("xn--"))) throw badOrigin();
  let local = host === "localhost";
  if (/^[0-9]+$/.test(labels[labels.length - 1])) local = isLocal(labels);
  else if (!local && labels.length < 2) throw badOrigin();
  if (scheme === "http" && !local) throw badOrigin();
}

/**
 * Reads a QR text whose origin is, character by character, one of `hosts`.
 * @param {string} text
 * @param {readonly string[]} hosts
 * @returns {{host: string, code: string, credential: Uint8Array}}
 */
export function parseText(text, hosts) {
  if (codePoints(text) > TEXT_CHARS_MAX) throw unreadable("longer than any text we write");
  const origin = AUTHORITY.exec(text)?.[0];
  if (origin === undefined) throw unreadable("not a web address in lower case");
  if (!hosts.includes(origin)) throw new Refused("QR_OTHER_HOST", "the address is not the official one");
  const path = PATH.exec(text.slice(origin.length));
  if (path === null) throw unreadable("path");
  if (path[2] !== "1") throw new Refused("QR_VERSION", "made by a newer version of the registry");
  const rest = text.slice(origin.length + path[0].length);
  const [digits] = /^[0-9]*/.exec(rest);
  const suffix = rest.slice(digits.length);
  if (digits === "" || (suffix !== "" && !SUFFIX.test(suffix))) throw unreadable("digits after #1");
  try {
    return { host: origin, code: path[1], credential: fromDigits(digits) };
  } catch (error) {
    if (error instanceof Malformed) throw unreadable("digits after #1");
    throw error;
  }
}

/** Whether a text has our form at any origin, a chat program's suffix included. @param {string} text */
export function hasOurForm(text) {
  const match = codePoints(text) > TEXT_CHARS_MAX ? null : FORM.exec(text);
  return match !== null && (match[0] === text || SUFFIX.test(text.slice(match[0].length)));
}

/** Scheme, host and port a web address leads to, as it is written; null for a text that is none. @param {string} text */
export function authorityOf(text) {
  return AUTHORITY.exec(text)?.[0] ?? null;
}

/** IPv4 of loopback or a private range (RFC 1122, RFC 1918). */
function isLocal(labels) {
  const parts = labels.map((label) => (/^(?:0|[1-9][0-9]{0,2})$/.test(label) ? Number(label) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) throw badOrigin();
  const [first, second] = parts;
  return first === 127 || first === 10 || (first === 172 && second >> 4 === 1) || (first === 192 && second === 168);
}

function badOrigin() {
  return new Malformed("QR_ORIGIN", "this is not an origin that may be pinned");
}

function unreadable(where) {
  return new Malformed("QR_UNREADABLE", `this is not the text of a certificate's QR code: ${where}`);
}
