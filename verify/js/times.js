/** Seconds since 1970 as dates and texts, for any number a signed claim may hold. As `verify/times.py`. */

import { shanghaiDate } from "/js/issuers/facts.js";

const LAST_SECOND = 253_402_214_399;

/** The Shanghai date; the last one there is for anything later. @param {number} seconds */
export function dayOf(seconds) {
  return shanghaiDate(Math.min(Number(seconds), LAST_SECOND) * 1000);
}

/** RFC 3339 in UTC, as documents have it. @param {number} seconds */
export function instant(seconds) {
  if (!(seconds >= 0 && seconds <= LAST_SECOND)) return String(seconds);
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}
