/**
 * Identity documents and social credit codes in their normal form, as an opening must hold them. As
 * `issuers/identifiers/identity.py` and `check_uscc` of `codes.py`: a wrong number is named, its value never.
 */

import { codePoints } from "/js/ledger/bytes.js";
import { Malformed } from "/js/ledger/errors.js";
import { foldWidth } from "/js/issuers/identifiers.js";

/** The kinds of document, in the order a form offers them: word of the enum, Chinese, English. */
export const ID_TYPES = [
  ["resident_id", "居民身份证", "Resident identity card"],
  ["hmt_residence", "港澳台居民居住证", "Residence permit for Hong Kong, Macao and Taiwan residents"],
  ["foreign_permanent", "外国人永久居留身份证", "Foreign permanent resident card"],
  ["hmt_pass", "港澳居民来往内地通行证", "Mainland travel permit, Hong Kong and Macao"],
  ["taiwan_pass", "台湾居民来往大陆通行证", "Mainland travel permit, Taiwan"],
  ["passport", "护照", "Passport"],
];

const TEXT_MAX = 64;
const USCC_TEXT_MAX = 100;
const BIRTH_YEAR_MIN = 1850;
// White space as Python's \s, which JavaScript's is not.
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g;
const EIGHTEEN = /^[0-9]{17}[0-9X]$/;
const FIFTEEN = /^[1-8][0-9]{14}$/;
const HMT_PREFIX = /^8[123]0000/;
const HMT_PASS = /^([HM][0-9]{8})(?:[0-9]{2})?$/;
const HMT_PASS_LONG = /^[HM][0-9]{10}$/;
const ANY = /^[A-Z0-9]{5,20}$/;
const USCC = /^[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$/;
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const RULES = {
  resident_id: resident,
  hmt_residence: hmtResidence,
  foreign_permanent: foreignPermanent,
  hmt_pass: (number) => HMT_PASS.exec(number)?.[1] ?? refuse("ID_FORM"),
  taiwan_pass: (number) => (/^[0-9]{8}$/.test(number) ? number : refuse("ID_FORM")),
  passport,
};

/**
 * The number of a document in normal form.
 * @param {string} type a word of the enum
 * @param {string} text as typed
 * @param {string} today the Shanghai date, YYYY-MM-DD
 * @returns {string}
 */
export function normaliseId(type, text, today) {
  if (!Object.hasOwn(RULES, type)) return refuse("ID_TYPE");
  if (codePoints(text) > TEXT_MAX) return refuse("ID_FORM");
  const folded = foldWidth(text).replace(SPACES, "");
  if (folded === "") return refuse("ID_EMPTY");
  if (!isAscii(folded)) return refuse("ID_FORM");
  return RULES[type](folded.toUpperCase(), today);
}

/** The social credit code without spaces, in upper case; a wrong check character is for the register. */
export function checkUscc(text) {
  const folded = codePoints(text) > USCC_TEXT_MAX ? "" : foldWidth(text).replace(SPACES, "").replace(/-/g, "");
  const code = isAscii(folded) ? folded.toUpperCase() : "";
  if (/^[0-9]{15}$/.test(code) || USCC.test(code)) return code;
  throw new Malformed("USCC_FORM", "a social credit code has 18 digits and letters, never I, O, S, V or Z");
}

function resident(typed, today) {
  const number = FIFTEEN.test(typed) ? eighteenOf(typed) : typed;
  if (!EIGHTEEN.test(number)) return refuse("ID_FORM");
  if (HMT_PREFIX.test(number) || number.startsWith("9")) return refuse("ID_TYPE_MISMATCH");
  if (number.startsWith("0")) return refuse("ID_FORM");
  return checkedEighteen(number, today);
}

function hmtResidence(number, today) {
  if (!EIGHTEEN.test(number)) return refuse("ID_FORM");
  if (!HMT_PREFIX.test(number)) return refuse("ID_TYPE_MISMATCH");
  return checkedEighteen(number, today);
}

function foreignPermanent(number, today) {
  if (/^[A-Z]{3}[0-9]{12}$/.test(number)) return oldForeign(number, today);
  if (!EIGHTEEN.test(number)) return refuse("ID_FORM");
  if (!number.startsWith("9")) return refuse("ID_TYPE_MISMATCH");
  return checkedEighteen(number, today);
}

function oldForeign(number, today) {
  const sum = [...number.slice(0, 14)].reduce((all, one, at) => all + ALPHABET.indexOf(one) * [7, 3, 1][at % 3], 0);
  if (sum % 10 !== Number(number[14])) return refuse("ID_CHECK_DIGIT");
  const born = ["19", "20"].map((century) => dayOf(century + number.slice(7, 13))).filter((day) => day !== null);
  if (born.length === 0) return refuse("ID_BIRTH_IMPOSSIBLE");
  if (born[0] > today) return refuse("ID_BIRTH_FUTURE");
  return number;
}

function passport(number) {
  // A resident entered as a passport would be a second person, with limits of their own.
  const another = EIGHTEEN.test(number) ? number[17] === checkDigit(number) : FIFTEEN.test(number);
  if (another || HMT_PASS_LONG.test(number)) return refuse("ID_TYPE_MISMATCH");
  return ANY.test(number) ? number : refuse("ID_FORM");
}

function checkedEighteen(number, today) {
  if (number[17] !== checkDigit(number)) return refuse("ID_CHECK_DIGIT");
  const born = dayOf(number.slice(6, 14));
  if (born === null || Number(born.slice(0, 4)) < BIRTH_YEAR_MIN) return refuse("ID_BIRTH_IMPOSSIBLE");
  if (born > today) return refuse("ID_BIRTH_FUTURE");
  return number;
}

/** GB 11643-1999: 19 after the sixth digit, then the check digit. */
function eighteenOf(fifteen) {
  const body = `${fifteen.slice(0, 6)}19${fifteen.slice(6)}`;
  return body + checkDigit(body);
}

function checkDigit(number) {
  return "10X98765432"[WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(number[at]), 0) % 11];
}

/** YYYY-MM-DD of eight digits that are a day of the calendar, else null. */
function dayOf(digits) {
  const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)];
  const text = `${year}-${month}-${day}`;
  const instant = new Date(`${text}T00:00:00Z`);
  return year !== "0000" && !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text) ? text : null;
}

function isAscii(text) {
  return /^[\x00-\x7f]*$/.test(text);
}

const WHAT = {
  ID_TYPE: "not a known kind of document",
  ID_EMPTY: "the document number is empty",
  ID_FORM: "the document number has not the form of its kind",
  ID_TYPE_MISMATCH: "this is the number of another kind of document",
  ID_CHECK_DIGIT: "the check digit of the document number is wrong",
  ID_BIRTH_IMPOSSIBLE: "the birth date in the document number does not exist",
  ID_BIRTH_FUTURE: "the birth date in the document number lies in the future",
};

/** @returns {never} */
function refuse(code) {
  throw new Malformed(code, WHAT[code]);
}
