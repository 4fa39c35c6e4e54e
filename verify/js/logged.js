/**
 * The proof that a certificate is logged: leaf, tree, checkpoint, witnesses, bound to the credential. As
 * `verify/logged.py`.
 *
 * @typedef {{leaf: import("/js/ledger/proof.js").Leaf, statement: import("/js/ledger/statement.js").Statement, act: any,
 *            certificate: string, cosignatures: {name: string, time: bigint}[],
 *            policy: import("/js/ledger/policy.js").Policy}} Logged
 */

import { equal, fromHex, hex, sha256 } from "/js/ledger/bytes.js";
import { checkSign1 } from "/js/ledger/cose.js";
import { Malformed, ProofFailed, Refused } from "/js/ledger/errors.js";
import { parseCheckpoint } from "/js/ledger/checkpoint.js";
import { parseNote } from "/js/ledger/note.js";
import { needed, satisfied } from "/js/ledger/policy.js";
import { checkProof, parseLeaf, parseProof } from "/js/ledger/proof.js";
import { parseStatement } from "/js/ledger/statement.js";
import { policyAt } from "/js/ledger/succession.js";
import { readAct } from "/js/issuers/acts.js";
import { dayOf } from "/js/verify/times.js";

const MAKING = ["certificate-issued", "certificate-corrected", "certificate-reissued"];

/** The issuing act that a `.tlog-proof` shows; with other kinds, one of those. @returns {Promise<Logged>} */
export async function openLogged(raw, trust, { kinds = MAKING } = {}) {
  const proof = parseProof(raw);
  if (proof.extra === null) throw new Malformed("PROOF_NO_LEAF", "the proof does not carry its entry in the extra line");
  const policy = policyAt(trust.terms, Number(parseCheckpoint(parseNote(proof.checkpoint).text).size));
  const cosigners = policy.witnesses.map(({ key }) => key);
  const opened = await checkProof(proof, proof.extra, { logKeys: trust.logKeys, cosigners });
  const leaf = parseLeaf(proof.extra);
  if (BigInt(leaf.seq) !== proof.index) throw new ProofFailed("PROOF_PLACE", "the entry names another place than the proof");
  const statement = await parseStatement(leaf.statement);
  const act = readAct(statement);
  const [noun, ...rest] = statement.subject.split("/");
  if (!kinds.includes(statement.kind) || noun !== "certificate") {
    throw new ProofFailed("PROOF_OTHER", "the entry is not the issuing of a certificate");
  }
  const cosignatures = cosignaturesOf(opened, trust);
  return { leaf, statement, act, certificate: identifier(rest.join("/")), cosignatures, policy };
}

/** The leaf is about exactly this credential, and its own signature is by the key that signed it. */
export async function bind(logged, { credential, key, trust }) {
  const ours = await sha256(credential);
  if (logged.act.credential !== hex(ours) || logged.statement.audience !== trust.bundle.origin) {
    throw new ProofFailed("PROOF_OTHER", "the entry is about another credential or log");
  }
  await checkSign1(logged.statement.message, key);
}

/** Whether the policy's quorum cosigned; a policy that asks for no witness is never a quorum here. */
export function quorum(logged, { before = null } = {}) {
  const names = logged.cosignatures.filter(({ time }) => before === null || time < BigInt(before)).map(({ name }) => name);
  return needed(logged.policy) > 0 && satisfied(logged.policy, names);
}

/** The date the act gives this very version. */
export function madeOn({ act, statement }) {
  return statement.kind === "certificate-issued" ? act.issued_on : act.version_on;
}

/** What leaf and credential both say, they say alike. */
export function checkAgreement({ act, statement, leaf }, claims, party) {
  const [version, first] = statement.kind === "certificate-issued" ? [1, null] : [Number(act.version), act.issued_on];
  const day = madeOn({ act, statement });
  const expiry = claims.expiresAt === null ? null : dayOf(claims.expiresAt - 1);
  const pairs = [
    [statement.issuer, party],
    [act.status_list, claims.statusList],
    [act.status_index, claims.statusIndex],
    [act.kind, claims.number.kind],
    [day, dayOf(Math.floor(Number(leaf.timeMs) / 1000))],
    [day, dayOf(claims.issuedAt)],
    [version, Number(claims.version)],
    [first, claims.firstIssuedOn],
    [act.expires_on, expiry],
  ];
  if (pairs.some(([logged, signed]) => logged !== signed)) {
    throw new Refused("LEAF_DIFFERS", "the credential and the log contradict each other");
  }
}

/** Those on the proof's checkpoint, with those the bundle has for the very same checkpoint. */
function cosignaturesOf(opened, trust) {
  const [theirs, ours] = [opened.checkpoint, trust.checkpoint.checkpoint];
  const same = theirs.origin === ours.origin && theirs.size === ours.size && equal(theirs.root, ours.root);
  if (theirs.size === ours.size && !same) throw new ProofFailed("LOG_FORKED", "the log shows two roots at one size");
  if (!same) return opened.cosignatures;
  const earliest = new Map();
  for (const { name, time } of [...opened.cosignatures, ...trust.checkpoint.cosignatures]) {
    const known = earliest.get(name);
    earliest.set(name, known !== undefined && known < time ? known : time);
  }
  return [...earliest].map(([name, time]) => ({ name, time }));
}

function identifier(text) {
  if (fromHex(text)?.length !== 16) throw new Malformed("PROOF_SUBJECT", "the entry names no certificate");
  return text;
}
