/**
 * Witness policies (C2SP tlog-policy): who may cosign, and how many of them are enough. As `ledger/policy.py`.
 *
 * @typedef {import("/js/ledger/note.js").NoteKey} NoteKey
 * @typedef {{logs: NoteKey[], witnesses: {name: string, key: NoteKey, url: string | null}[],
 *            groups: {name: string, threshold: number, members: string[]}[], quorum: string}} Policy
 */

import { hex, utf8 } from "/js/ledger/bytes.js";
import { parseDecimal } from "/js/ledger/checkpoint.js";
import { Malformed } from "/js/ledger/errors.js";
import { COSIGNATURE, NOTE, parseVkey } from "/js/ledger/note.js";

const BYTES_MAX = 1_000_000;
const NONE = "none";
const CONTROL = /[\0-\x08\x0b-\x1f\x7f]/;
const WORD = /^[^\0-\x20\x7f]+$/;

/** @param {string} text @returns {Promise<Policy>} */
export async function parsePolicy(text) {
  if (utf8(text).length > BYTES_MAX) throw new Malformed("POLICY_SIZE", "The policy is too large.");
  if (!text.endsWith("\n") || CONTROL.test(text)) {
    throw new Malformed("POLICY_TEXT", "A policy is lines, each with a newline, without control characters.");
  }
  const found = { logs: [], witnesses: [], groups: [], quorum: null, urls: [], defined: new Set() };
  for (const line of text.slice(0, -1).split("\n")) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length > 0 && !words[0].startsWith("#")) await take(found, words);
  }
  if (found.quorum === null) throw new Malformed("POLICY_QUORUM", "A policy has exactly one quorum line.");
  checkKeys(found);
  checkNames(found);
  const { logs, witnesses, groups, quorum } = found;
  return { logs, witnesses, groups, quorum };
}

/**
 * The policy, without a log, that any `k` of these witnesses satisfy; `name` is their group's.
 * @param {{name: string, key: NoteKey, url: string | null}[]} witnesses @param {number} k @param {string} name
 * @returns {Policy}
 */
export function kOf(witnesses, k, name) {
  const groups = [{ name, threshold: k, members: witnesses.map((one) => one.name) }];
  const urls = witnesses.map(({ url }) => url).filter((url) => url !== null);
  const policy = { logs: [], witnesses, groups, quorum: name };
  checkKeys({ ...policy, urls });
  checkNames(policy);
  return policy;
}

/** Whether two policies name the same witnesses, groups and quorum, whatever logs. @param {Policy} one @param {Policy} two */
export function sameWitnesses(one, two) {
  return told(one) === told(two);
}

function told({ witnesses, groups, quorum }) {
  const known = witnesses.map(({ name, key, url }) => [name, key.name, hex(key.publicKey), url]);
  return JSON.stringify([known, groups.map(({ name, threshold: k, members }) => [name, k, members]), quorum]);
}

/** Whether the quorum is met by cosigners with these key names. @param {Policy} policy @param {string[]} names */
export function satisfied(policy, names) {
  const met = new Set([NONE, ...policy.witnesses.filter(({ key }) => names.includes(key.name)).map(({ name }) => name)]);
  for (const group of policy.groups) {
    if (group.members.filter((name) => met.has(name)).length >= group.threshold) met.add(group.name);
  }
  return met.has(policy.quorum);
}

/** The fewest witnesses that can satisfy the quorum; 0 for `quorum none`. @param {Policy} policy */
export function needed(policy) {
  const fewest = new Map([[NONE, 0], ...policy.witnesses.map(({ name }) => [name, 1])]);
  for (const { name, members, threshold } of policy.groups) {
    const counts = members.map((member) => fewest.get(member)).sort((one, other) => one - other);
    fewest.set(name, counts.slice(0, threshold).reduce((sum, count) => sum + count, 0));
  }
  return fewest.get(policy.quorum);
}

async function take(found, [kind, ...rest]) {
  if (kind === "log" && [1, 2].includes(rest.length)) {
    found.logs.push(await parseVkey(rest[0], NOTE));
    found.urls.push(...rest.slice(1));
  } else if (kind === "witness" && [2, 3].includes(rest.length)) {
    found.witnesses.push({ name: rest[0], key: await parseVkey(rest[1], COSIGNATURE), url: rest[2] ?? null });
    found.urls.push(...rest.slice(2));
    found.defined.add(rest[0]);
  } else if (kind === "group" && rest.length >= 3) {
    const [name, count, ...members] = rest;
    requireDefined(found, members);
    found.groups.push({ name, threshold: threshold(count, members.length), members });
    found.defined.add(name);
  } else if (kind === "quorum" && rest.length === 1) {
    if (found.quorum !== null) throw new Malformed("POLICY_QUORUM", "A policy has exactly one quorum line.");
    requireDefined(found, rest.filter((name) => name !== NONE));
    [found.quorum] = rest;
  } else {
    throw new Malformed("POLICY_LINE", "Not a log, witness, group or quorum line with the right words.");
  }
}

function requireDefined(found, names) {
  if (!names.every((name) => found.defined.has(name))) {
    throw new Malformed("POLICY_UNDEFINED", "A name is used that no earlier line defines.");
  }
}

function threshold(word, members) {
  if (word === "any") return 1;
  return word === "all" ? members : Number(parseDecimal(word));
}

function checkKeys({ logs, witnesses, urls }) {
  const keys = [...logs, ...witnesses.map(({ key }) => key)].map(({ publicKey }) => hex(publicKey));
  if (new Set(keys).size !== keys.length) throw new Malformed("POLICY_KEY_TWICE", "A public key stands on two lines.");
  if (new Set(witnesses.map(({ key }) => key.name)).size !== witnesses.length) {
    throw new Malformed("POLICY_KEY_NAME_TWICE", "Two witnesses cosign under the same key name.");
  }
  urls.forEach(checkWord);
}

function checkNames({ witnesses, groups, quorum }) {
  const [defined, used] = [new Set([NONE]), new Set()];
  for (const { name } of witnesses) define(name, defined);
  for (const { name, threshold: count, members } of groups) {
    if (count < 1 || count > members.length) {
      throw new Malformed("POLICY_THRESHOLD", "A threshold lies between 1 and the number of members.");
    }
    for (const member of members) {
      if (member === NONE || !defined.has(member)) {
        throw new Malformed("POLICY_UNDEFINED", "A group's member is not defined on an earlier line.");
      }
      if (used.has(member)) throw new Malformed("POLICY_MEMBER_TWICE", "A name is a member of two groups, or twice of one.");
      used.add(member);
    }
    define(name, defined);
  }
  if (!defined.has(quorum)) throw new Malformed("POLICY_UNDEFINED", "The quorum is not defined on an earlier line.");
}

function define(name, defined) {
  checkWord(name);
  if (defined.has(name)) throw new Malformed("POLICY_NAME_TWICE", "A name is defined twice, or is the reserved name none.");
  defined.add(name);
}

function checkWord(word) {
  if (!WORD.test(word)) throw new Malformed("POLICY_WORD", "A name or address has a space or control character.");
}
