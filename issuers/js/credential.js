/**
 * The credential: the signed bytes a holder carries in the QR. As `issuers/credential.py`.
 *
 * @typedef {{issuedAt: number, expiresAt: number | null, number: import("/js/issuers/identifiers.js").CertificateNumber,
 *            code: string, name: string, course: string, hours: number, statusList: number, statusIndex: number,
 *            lastFour: string | null, version: number, firstIssuedOn: string | null}} Credential
 */

import { decode, isInteger } from "/js/ledger/cbor.js";
import { parseSign1 } from "/js/ledger/cose.js";
import { Malformed } from "/js/ledger/errors.js";
import { checkCode, checkName, checkText, unpackNumber } from "/js/issuers/identifiers.js";

const CONTENT_FORMAT = 65010;
const [EXPIRES, ISSUED, NUMBER, PRIVATE, VERSION] = [4, 6, 7, -70001, -70003];
const [VERSION_MAX, DAY_MAX] = [99, 65_535];
const BYTES_MAX = 348;
const COURSE_MAX = 60;

/**
 * A well-formed credential; nothing in `claims` may be shown before the signature was checked.
 * @param {Uint8Array} raw
 * @returns {{claims: Credential, message: import("/js/ledger/cose.js").Sign1}}
 */
export function parseCredential(raw) {
  if (raw.length > BYTES_MAX) throw new Malformed("CREDENTIAL_SIZE", `a credential has at most ${BYTES_MAX} bytes`);
  const message = parseSign1(raw);
  if (message.contentType !== CONTENT_FORMAT || message.claims !== null) {
    throw new Malformed("CREDENTIAL_KIND", "not a credential of a version this page knows");
  }
  const value = decode(message.payload);
  const map = value instanceof Map ? value : new Map();
  const [issuedAt, number, inner] = [map.get(ISSUED), map.get(NUMBER), map.get(PRIVATE)];
  if ([...map.values()].includes(null)) throw shape("a claim without a value is left out, never null");
  const expiresAt = map.get(EXPIRES) ?? null;
  const known = map.size === 3 + Number(map.has(EXPIRES)) + Number(map.has(VERSION));
  if (!isInteger(issuedAt) || !(number instanceof Uint8Array) || !Array.isArray(inner) || !known) {
    throw shape("iat, number and a private claim, no other");
  }
  if (expiresAt !== null && !isInteger(expiresAt)) throw shape("a claim of unknown type");
  if (![issuedAt, expiresAt ?? issuedAt].every((seconds) => seconds >= 0 && seconds < 2 ** 40)) {
    throw shape("a time out of range");
  }
  const claims = { issuedAt, expiresAt, number: unpackNumber(number), ...readPrivate(inner) };
  return { claims: { ...claims, ...readVersion(map, issuedAt) }, message };
}

function readPrivate([name, course, hours, statusList, statusIndex, code, ...last]) {
  const texts = typeof name === "string" && typeof course === "string";
  if (!texts || ![hours, statusList, statusIndex, code].every(isInteger)) throw shape("the private claim has another shape");
  const places = statusList >= 0 && statusList < 10_000 && statusIndex >= 0 && statusIndex < 2 ** 20;
  if (!(hours > 0 && hours <= 2000) || !places) throw shape("a number out of range");
  if (!(code >= 0 && code < 10n ** 16n)) throw shape("the code has 16 digits");
  if (last.length > 1 || (last.length === 1 && !/^[0-9]{3}[0-9X]$/.test(String(last[0])))) {
    throw shape("the last four of the ID have another shape");
  }
  if (last.length === 1 && typeof last[0] !== "string") throw shape("the last four of the ID have another shape");
  if (checkName(name) !== name || checkText(course, COURSE_MAX) !== course) {
    throw shape("name or course is not in the form it is shown in");
  }
  const digits = checkCode(String(code).padStart(16, "0"));
  return { code: digits, name, course, hours, statusList, statusIndex, lastFour: last[0] ?? null };
}

/** A version after the first carries its number and the day of first issue, which is not after its own. */
function readVersion(map, issuedAt) {
  if (!map.has(VERSION)) return { version: 1, firstIssuedOn: null };
  const [version, days, ...more] = Array.isArray(map.get(VERSION)) ? map.get(VERSION) : [];
  const last = Math.min(DAY_MAX, dayNumber(issuedAt));
  if (more.length > 0 || !isInteger(version) || !isInteger(days) || !(days >= 0 && days <= last)) {
    throw shape("a version is its number and the day of first issue");
  }
  if (!(version >= 2 && version <= VERSION_MAX)) throw shape("a version is its number and the day of first issue");
  return { version, firstIssuedOn: new Date(days * 86_400_000).toISOString().slice(0, 10) };
}

/** The days since 1970 of the date in Shanghai. */
function dayNumber(seconds) {
  return Math.floor((seconds + 8 * 3600) / 86_400);
}

function shape(what) {
  return new Malformed("CREDENTIAL_SHAPE", what);
}
