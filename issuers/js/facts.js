/**
 * Facts and how they are read: what the acts of a log add up to. As `issuers/authority/view.py` and `case.py`.
 *
 * A fact is a frozen record with a `type` and a `key`, unique among the facts of its type. Acts only ever add or replace.
 *
 * @typedef {{type: string, key: string, [name: string]: any}} Fact
 * @typedef {{get: (type: string, key: string) => Fact | null}} View
 */

import { fromHex } from "/js/ledger/bytes.js";
import { Malformed, Refused } from "/js/ledger/errors.js";

const TIME_MAX_MS = 253_402_214_400_000;
const SHANGHAI_MS = 8 * 3_600_000;

/** @param {string} type @param {string} key @param {object} values @returns {Fact} */
export function fact(type, key, values) {
  return Object.freeze({ type, key, ...values });
}

/** The same fact with some values changed. @param {Fact} old @param {object} values @returns {Fact} */
export function changed(old, values) {
  return Object.freeze({ ...old, ...values });
}

/** Facts in memory. */
export class MemoryView {
  #facts = new Map();

  get(type, key) {
    return this.#facts.get(`${type} ${key}`) ?? null;
  }

  put(changes) {
    for (const one of changes) this.#facts.set(`${one.type} ${one.key}`, one);
  }

  all(type) {
    return [...this.#facts.values()].filter((one) => one.type === type);
  }
}

/** @param {View} view @param {string} type @param {string} key */
export function need(view, type, key, code, what) {
  const found = view.get(type, key);
  if (found === null) throw new Refused(code, what);
  return found;
}

/** @param {View} view @param {string} type @param {string} key */
export function needAbsent(view, type, key, code, what) {
  if (view.get(type, key) !== null) throw new Refused(code, what);
}

/** What follows `noun/` in the subject. */
export function subjectOf(statement, noun) {
  const slash = statement.subject.indexOf("/");
  const rest = statement.subject.slice(slash + 1);
  if (slash < 0 || statement.subject.slice(0, slash) !== noun || rest === "") {
    throw new Refused("SUBJECT_KIND", `the subject of this act is ${noun}/…`);
  }
  return rest;
}

/** The id in the subject, lower-case hex of `size` bytes. */
export function subjectId(statement, noun, size = 16) {
  const text = subjectOf(statement, noun);
  if (fromHex(text)?.length !== size) throw new Refused("SUBJECT_ID", `the subject is ${noun}/ and hex digits`);
  return text;
}

export function officerKey(party, staff) {
  return `${party}/${staff}`;
}

/** The appointment that lets this person do this duty for the party on this Shanghai date, or null. */
export function officerInForce(view, party, staff, duty, day) {
  const officer = view.get("officer", officerKey(party, staff));
  if (officer === null || !officer.duties.includes(duty) || officer.dismissedMs !== null) return null;
  return officer.firstDay <= day && day <= officer.lastDay ? officer : null;
}

/** The calendar date in Shanghai of milliseconds since 1970. @returns {string} YYYY-MM-DD */
export function shanghaiDate(timeMs) {
  if (!(timeMs >= 0 && timeMs < TIME_MAX_MS)) throw new Malformed("TIME_RANGE", "a time before 1970 or after 9999");
  return new Date(Number(timeMs) + SHANGHAI_MS).toISOString().slice(0, 10);
}
