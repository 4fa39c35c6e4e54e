/**
 * The verdict: a state with reasons, never a boolean; the findings it adds up to. As `verify/verdict.py` and
 * `verify/findings.py`. Its words are those of `/assets/words.json`, made from `verify/words.py`.
 *
 * @typedef {{number: number, result: string, code: string, state: string | null, what: string | null}} Finding
 */

import { instant } from "/js/verify/times.js";

export const STEPS = 12;

/** Where several steps call for a state, the first of these wins. */
const PRECEDENCE = [
  "unreadable", "unknown_issuer", "tampered", "out_of_scope", "not_yet_valid", "not_logged", "revoked", "cancelled",
  "superseded", "suspended", "expired", "could_not_check", "valid",
];
const EXIT = { valid: 0, could_not_check: 2, unreadable: 2 };

/** @param {number} number @param {string} [code] @returns {Finding} */
export function passed(number, code = "") {
  return { number, result: "passed", code, state: null, what: null };
}

/** A step that could not be checked; with a state, that decides. @returns {Finding} */
export function unknown(number, code, state = null) {
  return { number, result: "could_not_check", code, state, what: null };
}

/** @param {number} number @param {string} state @param {string | {code: string, what: string}} reason @returns {Finding} */
export function failed(number, state, reason) {
  const [code, what] = typeof reason === "string" ? [reason, null] : [reason.code, reason.what];
  return { number, result: "failed", code, state, what };
}

/**
 * The verdict document of these findings; steps that were not reached are added.
 * @param {Finding[]} findings in order
 * @param {any} words
 * @param {{now: number, complete?: boolean, final?: boolean, cosigned?: number, witnesses?: number,
 *          fresh?: boolean | null, facts?: object | null, life?: object | null}} rest
 */
export function conclude(findings, words, rest) {
  const { now, complete = false, final = false, cosigned = 0, witnesses = 0, fresh = null, facts = null, life = null } = rest;
  const wanted = findings.map(({ state }) => state);
  const state = PRECEDENCE.find((one) => wanted.includes(one)) ?? "valid";
  const all = [...findings];
  for (let number = findings.length + 1; number <= STEPS; number += 1) all.push(unknown(number, "NOT_REACHED"));
  return {
    state,
    code: findings.find((one) => one.state === state)?.code ?? "",
    exit: EXIT[state] ?? 1,
    title: words.states[state].title,
    advice: words.states[state].advice,
    complete,
    final,
    cosigned,
    witnesses,
    status_fresh: fresh,
    checked_at: instant(now),
    life,
    steps: all.map((one) => stepDocument(one, words)),
    facts,
  };
}

/** The verdict when there is no trust to check by: step 3 failed; nothing is said of the credential. */
export function couldNotTrust(error, words, now) {
  const early = [unknown(1, "NO_TRUST"), unknown(2, "NO_TRUST")];
  return conclude([...early, failed(3, "could_not_check", error)], words, { now });
}

/** The verdict when not even a text was found in what was shown. */
export function couldNotRead(error, words, now) {
  return conclude([failed(1, "unreadable", error)], words, { now });
}

function stepDocument({ number, result, code, what }, words) {
  const own = (result === "passed" ? words.passed : words.failed)[number];
  const said = words.codes[code] ?? own;
  const more = what !== null && what !== own.en && words.codes[code] === undefined;
  const en = more ? `${words.failed[number].en}: ${what}` : said.en;
  return { number, name: words.steps[number], result, code, zh: said.zh, en };
}
