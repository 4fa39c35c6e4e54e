/**
 * Values of CBOR maps read strictly: what a field must be, nothing else present. As `issuers/shape.py`.
 *
 * A reader is a function from a value to what it means; ids and hashes become lower-case hex, dates stay text.
 */

import { codePoints, hex } from "/js/ledger/bytes.js";
import { isInteger } from "/js/ledger/cbor.js";
import { Malformed } from "/js/ledger/errors.js";

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Fields by name; a reader wrapped in `optional` may be absent and is then null.
 * @param {Record<string, Function>} fields
 */
export function record(fields) {
  const names = Object.keys(fields);
  return (value) => {
    if (!(value instanceof Map)) throw new Malformed("SHAPE_MAP", "expected a map");
    if (![...value.keys()].every((key) => names.includes(key))) {
      throw new Malformed("SHAPE_UNKNOWN", "a field this version does not know");
    }
    const found = {};
    for (const name of names) {
      if (value.has(name)) found[name] = fields[name](value.get(name));
      else if (fields[name].optional) found[name] = null;
      else throw new Malformed("SHAPE_MISSING", "a required field is missing");
    }
    return Object.freeze(found);
  };
}

/** @param {Function} reader */
export function optional(reader) {
  return Object.assign((value) => reader(value), { optional: true });
}

/** Text of a form and of `low` to `high` code points. */
export function text({ low = 0, high = Infinity, form = null }) {
  return (value) => {
    if (typeof value !== "string") throw type("text");
    if (form !== null && !form.test(value)) throw new Malformed("SHAPE_FORM", "has not the required form");
    return sized(value, codePoints(value), low, high);
  };
}

export const title = text({ low: 1, high: 120 });
export const slug = text({ low: 1, high: 40, form: SLUG });

/** @param {string} name */
export function isSlug(name) {
  return SLUG.test(name) && codePoints(name) <= 40;
}

/** @param {...string} words */
export function word(...words) {
  return (value) => {
    if (!words.includes(value)) throw new Malformed("SHAPE_FORM", "not one of the words");
    return value;
  };
}

export function integer(low, high) {
  return (value) => {
    if (!isInteger(value)) throw type("an integer");
    if (value < low || value > high) throw new Malformed("SHAPE_RANGE", `must be ${low} to ${high}`);
    return value;
  };
}

export const seconds = integer(0, 2 ** 40);

export function bytes(low = 0, high = Infinity) {
  return (value) => {
    if (!(value instanceof Uint8Array)) throw type("bytes");
    return sized(value, value.length, low, high);
  };
}

export function id(size) {
  const read = bytes(size, size);
  return (value) => hex(read(value));
}

/** A day of the calendar, YYYY-MM-DD: texts that sort as the days do. */
export function day(value) {
  const match = typeof value === "string" ? /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(value) : null;
  const [year, month, date] = match === null ? [0, 0, 0] : match.slice(1).map(Number);
  const last = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate(); // the calendar repeats in 400 years
  if (year < 1 || month < 1 || month > 12 || date < 1 || date > last) {
    throw new Malformed("SHAPE_FORM", "expected a date YYYY-MM-DD");
  }
  return value;
}

export function array(reader, low = 0, high = Infinity) {
  return (value) => {
    if (!Array.isArray(value)) throw type("an array");
    return sized(Object.freeze(value.map((inner) => reader(inner))), value.length, low, high);
  };
}

/** A map that another reader takes apart. */
export function document(value) {
  if (!(value instanceof Map) || ![...value.keys()].every((key) => typeof key === "string")) {
    throw type("a map with text keys");
  }
  return value;
}

/** One commitment: field name to digest. */
export function digests(value) {
  for (const digest of document(value).values()) bytes(32, 32)(digest);
  return value;
}

function sized(value, size, low, high) {
  if (size < low || size > high) throw new Malformed("SHAPE_SIZE", `size must be ${low} to ${high}`);
  return value;
}

function type(what) {
  return new Malformed("SHAPE_TYPE", `expected ${what}`);
}
