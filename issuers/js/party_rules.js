/**
 * Rules for the log, its parties, their officers and keys, and for standards (rules version 1). As
 * `issuers/authority/party_rules.py` and its neighbours. A case is {view, statement, seq, timeMs, day, key, party, officer, duty}.
 *
 * @typedef {import("/js/issuers/facts.js").Fact} Fact
 */

import { hex } from "/js/ledger/bytes.js";
import { decode } from "/js/ledger/cbor.js";
import { checkSign1, parseSign1 } from "/js/ledger/cose.js";
import { Malformed, Refused } from "/js/ledger/errors.js";
import { EDDSA, publicKey } from "/js/ledger/keys.js";
import { DUTIES } from "/js/issuers/acts.js";
import { changed, fact, need, needAbsent, officerInForce, officerKey, subjectId, subjectOf } from "/js/issuers/facts.js";
import { isSlug } from "/js/issuers/shape.js";
import { readStandard } from "/js/issuers/standard.js";

const CITY = "city";
const ENROLMENT_AGE_MAX = 30 * 86_400;
const SELF_REPORT_MAX = 7 * 86_400;
const ENROLMENT = "application/vnd.malan.enrolment.v1+cbor";
const ADMIN_GIVES = DUTIES.filter((duty) => duty !== "root" && duty !== "admin");

/** Leaf 0: the city, its three keys in three hands. In force once a second key approves it. */
export async function genesis(statement, act, { seq, timeMs }) {
  if (seq !== 0) throw new Refused("GENESIS_PLACE", "genesis is the first leaf and no other");
  if (statement.subject !== "log" || statement.issuer !== CITY || statement.audience !== act.origin) {
    throw new Refused("GENESIS_NAMES", "genesis is said by city, about log, for the origin it names");
  }
  const facts = [
    fact("genesis", "log", { origin: act.origin, rules: act.rules, statement: hex(statement.hash), inForce: false }),
    party(CITY, { role: "city", name: act.city, name_en: act.city_en, region: "310000", uscc: null, code: null }),
  ];
  for (const item of act.keys) {
    const claims = [CITY, `officer/${item.staff}`, act.origin];
    facts.push(await enrolledKey(item.enrolment, claims, { seq, timeMs, staff: item.staff }));
    facts.push(officer(CITY, item.staff, ["root"], [], { first_day: "2000-01-01", last_day: "9999-12-31" }, 0));
  }
  const keys = new Set(facts.filter(({ type }) => type === "key").map(({ key }) => key));
  if (new Set(act.keys.map(({ staff }) => staff)).size < 3 || keys.size < 3) {
    throw new Refused("GENESIS_KEYS", "three different keys of three different people");
  }
  return facts;
}

/** @type {Record<string, (act: any, one: any) => Fact[] | Promise<Fact[]>>} */
export const RULES = {
  "party-admitted": (one, act) => {
    const name = subjectOf(one.statement, "party");
    needAbsent(one.view, "party", name, "PARTY_EXISTS", "a party of this name was admitted before");
    if (act.role === "city" || !isSlug(name)) throw new Refused("PARTY_ROLE", "there is one city, named in genesis");
    if ((act.code !== null) !== (act.role === "body")) {
      throw new Refused("PARTY_CODE", "an evaluation body, and only a body, has a three-digit code");
    }
    if (act.code === null) return [party(name, act)];
    needAbsent(one.view, "bodyCode", act.code, "PARTY_CODE_TAKEN", "another body has or had this code");
    return [party(name, act), fact("bodyCode", act.code, { party: name })];
  },
  "party-withdrawn": (one) => {
    const known = standing(one);
    if (known.role === "city") throw new Refused("PARTY_ROLE", "the city cannot be withdrawn");
    return [changed(known, { withdrawnMs: one.timeMs })];
  },
  "admin-appointed": async (one, act) => {
    const known = standing(one);
    needTerm(act);
    const key = await enrolled(one, act.enrolment, known.key, act.staff);
    notRoot(one, act.staff);
    return [officer(known.key, act.staff, ["admin"], [], act, 0), key];
  },
  "service-key": async (one, act) => {
    const purpose = subjectOf(one.statement, "service");
    if (!["checkpoint", "receipt", "status"].includes(purpose)) {
      throw new Refused("SERVICE_PURPOSE", "a service key is for checkpoint, receipt or status");
    }
    const key = await enrolledKey(act.enrolment, [CITY, `service/${purpose}`, one.statement.audience], { ...one, purpose });
    if (purpose === "checkpoint" && key.alg !== EDDSA) {
      throw new Refused("SERVICE_ALG", "checkpoints are signed with Ed25519 (C2SP signed-note)");
    }
    needAbsent(one.view, "key", key.key, "KEY_EXISTS", "a key is enrolled once ever");
    return [key, fact("serviceKey", purpose, { kid: key.key })];
  },
  "body-appointed": (one, act) => {
    const known = standing(one);
    needTerm(act);
    if (known.role !== "body") throw new Refused("PARTY_ROLE", "only an evaluation body is appointed");
    const { projects, first_day: firstDay, last_day: lastDay } = act;
    return [fact("appointment", known.key, { projects, firstDay, lastDay, suspendedMs: null })];
  },
  "body-suspended": (one) => {
    const known = need(one.view, "appointment", standing(one).key, "BODY_NOT_APPOINTED", "the body has no appointment");
    return [changed(known, { suspendedMs: one.timeMs })];
  },
  "officer-appointed": (one, act) => {
    const staff = subjectId(one.statement, "officer");
    needTerm(act);
    if (!act.duties.every((duty) => ADMIN_GIVES.includes(duty)) || new Set(act.duties).size < act.duties.length) {
      throw new Refused("DUTY_NOT_GIVABLE", "an admin cannot give this duty, or gives it twice");
    }
    notRoot(one, staff);
    const former = one.view.get("officer", officerKey(one.party.key, staff));
    notAdmin(former);
    const since = former !== null && former.dismissedMs === null ? former.sinceSeq : one.seq;
    return [officer(one.party.key, staff, [...act.duties].sort(), act.projects, act, since)];
  },
  "officer-dismissed": (one) => {
    const known = ownOfficer(one, subjectId(one.statement, "officer"));
    notAdmin(known);
    return [changed(known, { dismissedMs: one.timeMs })];
  },
  "key-enrolled": async (one, act) => {
    const staff = subjectId(one.statement, "officer");
    ownOfficer(one, staff);
    return [await enrolled(one, act.enrolment, one.party.key, staff)];
  },
  "key-revoked": (one, act) => [revoked(one, act)],
  "standard-published": (one, act) => {
    const name = subjectOf(one.statement, "standard");
    needAbsent(one.view, "standard", name, "STANDARD_EXISTS", "this version was published before");
    if (readStandard(act.document).id !== name) {
      throw new Refused("STANDARD_NAME", "the document names another standard than the subject");
    }
    return [fact("standard", name, { document: act.document })];
  },
};

/** The key in an enrolment, and for whom it was made; proves that its holder agreed. */
export async function openEnrolment(raw) {
  const message = parseSign1(raw);
  if (message.contentType !== ENROLMENT || message.claims === null) throw new Malformed("ENROLMENT_SHAPE", "not an enrolment");
  const body = decode(message.payload);
  const spki = body instanceof Map && body.size === 1 ? body.get("spki") : null;
  if (!(spki instanceof Uint8Array)) throw new Malformed("ENROLMENT_SHAPE", "an enrolment holds the key and nothing else");
  const key = await publicKey(message.alg, spki);
  await checkSign1(message, key);
  return { key, claims: message.claims };
}

/** A party reaches back at most seven days alone; further back the city must agree. */
function revoked(one, act) {
  const kid = subjectId(one.statement, "key", 8);
  const key = need(one.view, "key", kid, "KEY_UNKNOWN", "no such key was enrolled");
  const root = one.duty === "root";
  if (!root && (key.party !== one.party.key || isCitysOwn(one, key))) {
    throw new Refused("KEY_PARTY", "an admin revokes the keys of its party's people; the city may revoke any");
  }
  if (key.revokedSeq !== null && !maySayMore(key, act, root)) throw new Refused("KEY_REVOKED", "the key is revoked already");
  const since = act.compromised_since;
  if ((act.cause === "compromised") !== (since !== null)) {
    throw new Refused("REVOCATION_TIME", "a compromise, and only a compromise, says since when");
  }
  if (since !== null && since * 1000 > one.timeMs) {
    throw new Refused("REVOCATION_TIME", "a compromise cannot begin in the future");
  }
  if (since !== null && !root && one.timeMs - since * 1000 > SELF_REPORT_MAX * 1000) {
    throw new Refused("REVOCATION_TOO_OLD", "further back than seven days the city must revoke, two officers");
  }
  const stopped = key.revokedSeq === null ? { revokedSeq: one.seq, revokedMs: one.timeMs } : {};
  return changed(key, { ...stopped, cause: act.cause, compromisedSince: since });
}

function maySayMore(key, act, root) {
  if (act.cause !== "compromised" || act.compromised_since === null) return false;
  return key.compromisedSince === null || (root && act.compromised_since < key.compromisedSince);
}

function party(name, { role, name: zh, name_en: en, region, uscc, code }) {
  return fact("party", name, { role, name: zh, nameEn: en, region, uscc, code, withdrawnMs: null });
}

function officer(of, staff, duties, projects, { first_day: firstDay, last_day: lastDay }, sinceSeq) {
  return fact("officer", officerKey(of, staff), { duties, projects, firstDay, lastDay, dismissedMs: null, sinceSeq });
}

function standing(one) {
  const known = need(one.view, "party", subjectOf(one.statement, "party"), "PARTY_UNKNOWN", "no such party was admitted");
  if (known.withdrawnMs !== null) throw new Refused("PARTY_WITHDRAWN", "the party was withdrawn");
  return known;
}

function notRoot(one, staff) {
  if (one.view.get("officer", officerKey(CITY, staff))?.duties.includes("root")) {
    throw new Refused("DUTIES_JOINED", "who holds a genesis key holds no other duty");
  }
}

function notAdmin(known) {
  const held = known !== null && known.dismissedMs === null ? known.duties : [];
  if (held.includes("root") || held.includes("admin")) {
    throw new Refused("DUTIES_JOINED", "an admin or holder of a genesis key has no other duty");
  }
}

function isCitysOwn(one, key) {
  if (key.staff === null) return true;
  return one.view.get("officer", officerKey(key.party, key.staff))?.duties.includes("root") ?? false;
}

function ownOfficer(one, staff) {
  for (const duty of ADMIN_GIVES) {
    const known = officerInForce(one.view, one.party.key, staff, duty, one.day);
    if (known !== null) return known;
  }
  throw new Refused("OFFICER_UNKNOWN", "the party has no such officer in force");
}

async function enrolled(one, enrolment, of, staff) {
  const key = await enrolledKey(enrolment, [of, `officer/${staff}`, one.statement.audience], { ...one, staff });
  needAbsent(one.view, "key", key.key, "KEY_EXISTS", "a key is enrolled once ever");
  return key;
}

async function enrolledKey(enrolment, expected, { seq, timeMs, staff = null, purpose = null }) {
  const { key, claims } = await openEnrolment(enrolment);
  if (![claims.iss, claims.sub, claims.aud].every((said, place) => said === expected[place])) {
    throw new Refused("ENROLMENT_OTHER", "the key was made for another person, party or log");
  }
  if (Math.abs(timeMs - claims.iat * 1000) > ENROLMENT_AGE_MAX * 1000) {
    throw new Refused("ENROLMENT_OLD", "the proof of possession is older than 30 days");
  }
  const life = { revokedSeq: null, revokedMs: null, cause: null, compromisedSince: null };
  const { alg, spki } = key;
  return fact("key", hex(key.kid), { alg, spki, party: expected[0], sinceSeq: seq, sinceMs: timeMs, staff, purpose, ...life });
}

function needTerm({ first_day: firstDay, last_day: lastDay }) {
  if (lastDay < firstDay) throw new Refused("TERM_ORDER", "a term ends on or after the day it begins");
}
