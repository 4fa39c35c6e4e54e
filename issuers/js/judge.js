/**
 * The judge: may this statement stand at this place in the log, and what does it change? As `issuers/authority/judge.py`,
 * for the acts a trust bundle carries. The service that makes a bundle cannot invent an issuer: every act passes here.
 *
 * @typedef {import("/js/issuers/facts.js").Fact} Fact
 * @typedef {import("/js/issuers/facts.js").View} View
 * @typedef {import("/js/ledger/statement.js").Statement} Statement
 */

import { equal, hex } from "/js/ledger/bytes.js";
import { Refused } from "/js/ledger/errors.js";
import { publicKey } from "/js/ledger/keys.js";
import { parseStatement } from "/js/ledger/statement.js";
import { readAct, ROLES } from "/js/issuers/acts.js";
import { changed, fact, need, needAbsent, officerInForce, shanghaiDate, subjectId } from "/js/issuers/facts.js";
import { genesis as genesisFacts, openEnrolment, RULES as PARTY_RULES } from "/js/issuers/party_rules.js";
import { witnessSet } from "/js/issuers/witnesses.js";

const RULES = { ...PARTY_RULES, "witness-set": witnessSet };
const WAIT_MAX_MS = 7 * 86_400_000;
const SKEW_MAX_MS = 86_400_000;
const ROOT = { roles: ["city"], duty: "root", approval: true };
const ADMIN = { roles: ROLES, duty: "admin", approval: false };

/** Which officer of which party may say an act, and whether a second must agree. As `issuers/authority/table.py`. */
const TABLE = {
  approve: [{ roles: ["city"], duty: "root", approval: false }],
  "party-admitted": [ROOT],
  "party-withdrawn": [ROOT],
  "admin-appointed": [ROOT],
  "service-key": [ROOT],
  "witness-set": [ROOT],
  "body-appointed": [ROOT],
  "body-suspended": [ROOT],
  "standard-published": [{ roles: ["city"], duty: "standards", approval: false }],
  "officer-appointed": [ADMIN],
  "officer-dismissed": [ADMIN],
  "key-enrolled": [ADMIN],
  "key-revoked": [ROOT, ADMIN],
};

/** Acts that undo one another: a later one in force overtakes an earlier one that still waits. */
const FAMILIES = {
  "party-withdrawn": "party-admitted",
  "admin-appointed": "party-admin",
  "body-suspended": "body-appointed",
};

/** The enrolled key by which this statement must be signed. @param {View} view @param {Statement} statement */
export async function signingKey(view, statement) {
  const key = view.get("key", hex(statement.kid));
  if (key !== null) {
    if (key.alg !== statement.alg) throw new Refused("KEY_ALG", "the key is enrolled for another algorithm");
    return publicKey(key.alg, key.spki);
  }
  if (statement.kind === "genesis" && view.get("genesis", "log") === null) {
    for (const { enrolment } of readAct(statement).keys) {
      const opened = await openEnrolment(enrolment);
      if (equal(opened.key.kid, statement.kid)) return opened.key;
    }
  }
  throw new Refused("KEY_UNKNOWN", "the signing key is not enrolled in this log");
}

/**
 * The facts the act changes at leaf `seq`; its signature is not checked here. Never changes `view`.
 * @param {View} view
 * @param {Statement} statement
 * @param {{seq: number, timeMs: number}} place
 * @returns {Promise<Fact[]>}
 */
export async function judge(view, statement, { seq, timeMs }) {
  const act = readAct(statement);
  if (Math.abs(statement.issuedAt * 1000 - timeMs) > SKEW_MAX_MS) {
    throw new Refused("STATEMENT_TIME", "the statement's time is more than a day from the log's");
  }
  const genesis = view.get("genesis", "log");
  if (genesis === null) return begin(statement, act, { seq, timeMs });
  if (statement.kind === "genesis") throw new Refused("GENESIS_PLACE", "genesis is the first leaf and no other");
  if (statement.audience !== genesis.origin) throw new Refused("AUDIENCE_OTHER", "the statement is meant for another log");
  if (!genesis.inForce && statement.kind !== "approve") {
    throw new Refused("GENESIS_PENDING", "genesis waits for the second officer");
  }
  const [one, row] = openCase(view, statement, { seq, timeMs });
  if (statement.kind === "approve") return approve(one, genesis);
  needAbsent(view, "pending", hex(statement.hash), "PENDING_EXISTS", "this very statement was said before");
  const facts = await RULES[statement.kind](one, act);
  return row.approval ? [pending(statement, { seq, timeMs }, one.key.staff)] : facts;
}

async function begin(statement, act, place) {
  if (statement.kind !== "genesis") throw new Refused("GENESIS_MISSING", "the log has no genesis yet");
  const facts = await genesisFacts(statement, act, place);
  const own = facts.find(({ type, key }) => type === "key" && key === hex(statement.kid));
  if (own === undefined) throw new Refused("GENESIS_KEYS", "genesis is signed by one of the keys it names");
  return [...facts, pending(statement, place, own.staff)];
}

function pending(statement, { seq, timeMs }, signer) {
  return fact("pending", hex(statement.hash), { raw: statement.raw, seq, timeMs, signer, done: false });
}

/** A second person's yes: the waiting act takes force here, judged again as things stand here. */
async function approve(one, genesis) {
  const named = subjectId(one.statement, "statement", 32);
  const waiting = need(one.view, "pending", named, "PENDING_UNKNOWN", "no such act waits for approval");
  if (waiting.done) throw new Refused("PENDING_DONE", "the act is in force already");
  if (one.timeMs - waiting.timeMs > WAIT_MAX_MS) throw new Refused("PENDING_OLD", "the act waited longer than seven days");
  if (waiting.signer === one.key.staff) throw new Refused("APPROVER_SAME", "the second officer is another person");
  const done = changed(waiting, { done: true });
  if (!genesis.inForce) return [done, changed(genesis, { inForce: true })];
  const statement = await parseStatement(waiting.raw);
  const family = FAMILIES[statement.kind] ?? statement.kind;
  const name = `${family} ${statement.subject}`;
  const settled = one.view.get("settled", name);
  if (settled !== null && settled.seq > waiting.seq) {
    throw new Refused("PENDING_OVERTAKEN", "another act about this took force meanwhile");
  }
  const [again] = openCase(one.view, statement, one);
  const facts = await RULES[statement.kind](again, readAct(statement));
  return [done, fact("settled", name, { seq: one.seq }), ...facts];
}

function openCase(view, statement, { seq, timeMs }) {
  const key = view.get("key", hex(statement.kid));
  if (key === null || key.staff === null) throw new Refused("KEY_UNKNOWN", "the signing key is not enrolled for a person");
  if (key.revokedSeq !== null) throw new Refused("KEY_REVOKED", "the signing key was revoked");
  if (key.party !== statement.issuer) throw new Refused("KEY_PARTY", "the key speaks for another party");
  const party = view.get("party", statement.issuer);
  if (party === null || party.withdrawnMs !== null) {
    throw new Refused("PARTY_WITHDRAWN", "the party is not admitted, or was withdrawn");
  }
  const rows = TABLE[statement.kind].filter(({ roles }) => roles.includes(party.role));
  if (rows.length === 0) throw new Refused("ROLE_WRONG", `a ${party.role} cannot say ${statement.kind}`);
  const day = shanghaiDate(timeMs);
  for (const row of rows) {
    const officer = officerInForce(view, party.key, key.staff, row.duty, day);
    if (officer !== null) return [{ view, statement, seq, timeMs, day, key, party, officer, duty: row.duty }, row];
  }
  throw new Refused("DUTY_MISSING", "the signer is not appointed for this on this day");
}
