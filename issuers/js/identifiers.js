/**
 * Names as they may be shown, certificate numbers, and the sixteen-digit code. As `issuers/identifiers/`.
 *
 * Which characters exist is as old as the browser's Unicode tables; which may not stand in a name is the same rule.
 */

import { toInteger } from "/js/ledger/bytes.js";
import { Malformed } from "/js/ledger/errors.js";

const NAME_MAX = 50;
// Drawn as nothing although Unicode calls them letters, marks or symbols.
const BLANK = /[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0]/u;
const FORBIDDEN = [
  [/[\p{Cc}\p{Zl}\p{Zp}]/u, "CONTROL"],
  [/\p{Cf}/u, "HIDDEN"],
  [/\p{Cs}/u, "SURROGATE"],
  [/\p{Co}/u, "PRIVATE_USE"],
  [/\p{Cn}/u, "UNASSIGNED"],
];
const YOUNG_IDEOGRAPH = /[\u{2ebf0}-\u{2ee5d}\u{31350}-\u{323af}\u{323b0}-\u{33479}]/u;
const LETTER = /\p{L}/u;
const DISTRICTS = [
  "310101", "310104", "310105", "310106", "310107", "310109", "310110", "310112", "310113", "310114", "310115",
  "310116", "310117", "310118", "310120", "310151",
];
const CITY_CODE = "310000";
const NUMBER = /^([CJ])([0-9]{6})([0-9]{2})([0-9])([0-9]{3})([0-9]{3})([0-9]{6})$/;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const FULL_WIDTH = /[\uff01-\uff5e\u3000]/g;
const BETWEEN_GROUPS = /[\s\u00a0\u2010-\u2015\u2212-]/g;

/** The name without outer spaces. @param {string} text @returns {string} */
export function checkName(text) {
  const shown = checked(text, NAME_MAX, "NAME");
  if (![...shown].some((character) => LETTER.test(character) || YOUNG_IDEOGRAPH.test(character))) {
    throw new Malformed("NAME_NO_LETTER", "a name has at least one letter or Chinese character");
  }
  return shown;
}

/** A title or other line of text. @param {string} text @param {number} limit in code points */
export function checkText(text, limit) {
  return checked(text, limit, "TEXT");
}

/**
 * The certificate number in ten bytes: its 23 characters and what they say.
 * @param {Uint8Array} data
 * @returns {{text: string, kind: string, stage: number, project: string, issuer: string}}
 */
export function unpackNumber(data) {
  const digits = toInteger(data.slice(1)).toString().padStart(21, "0");
  const body = `${String.fromCharCode(data[0] ?? 0)}${digits}`;
  const [, kind, district, , stage, project, issuer, sequence] = NUMBER.exec(body) ?? [];
  const known = DISTRICTS.includes(district) || district === CITY_CODE;
  if (data.length !== 10 || !known || !(stage >= "1" && stage <= "4") || sequence === "000000") {
    throw new Malformed("NUMBER_PACKED", "not ten bytes of a certificate number");
  }
  return { text: body + numberCheck(body), kind, stage: Number(stage), project, issuer };
}

/** The code as 16 digits, exactly so written. @param {string} text @returns {string} */
export function checkCode(text) {
  if (!/^[0-9]{16}$/.test(text)) throw new Malformed("CODE_FORM", "a code has exactly 16 digits");
  let check = 5;
  for (const digit of text) check = ((((check || 10) * 2) % 11) + Number(digit)) % 10; // ISO 7064 MOD 11,10
  if (check !== 1) throw new Malformed("CODE_CHECK", "the check digit of the code is wrong");
  return text;
}

/** The code a person typed: groups, spaces, hyphens and full-width digits allowed. @param {string} typed */
export function readCode(typed) {
  if (typed.length > 64) throw new Malformed("CODE_FORM", "a code has exactly 16 digits");
  return checkCode(foldWidth(typed).replace(BETWEEN_GROUPS, ""));
}

/** Full-width ASCII as ASCII. @param {string} text */
export function foldWidth(text) {
  return text.replace(FULL_WIDTH, (one) => (one === "\u3000" ? " " : String.fromCharCode(one.charCodeAt(0) - 0xfee0)));
}

function checked(text, limit, prefix) {
  const trimmed = text.replace(/^\p{Zs}+|\p{Zs}+$/gu, "");
  const characters = [...trimmed];
  if (trimmed === "") throw new Malformed(`${prefix}_EMPTY`, "it is empty");
  if (characters.length > limit) throw new Malformed(`${prefix}_TOO_LONG`, `longer than ${limit} characters`);
  for (const character of characters) {
    const problem = problemOf(character);
    if (problem !== null) throw new Malformed(`${prefix}_${problem}`, "it holds a character that may not stand there");
  }
  return trimmed;
}

function problemOf(character) {
  if (BLANK.test(character)) return "HIDDEN";
  if (YOUNG_IDEOGRAPH.test(character)) return null;
  return FORBIDDEN.find(([form]) => form.test(character))?.[1] ?? null;
}

/** ISO 7064 MOD 37,36. */
function numberCheck(body) {
  let check = 18;
  for (const character of body) check = ((((check || 36) * 2) % 37) + ALPHABET.indexOf(character)) % 36;
  return ALPHABET[(((1 - (((check || 36) * 2) % 37)) % 36) + 36) % 36];
}
