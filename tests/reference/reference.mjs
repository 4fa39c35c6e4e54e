/** Reference verifier: issuers/SPEC.md sections 5 and 8, on a second reading of the two SPEC.md and of nothing else.
 *
 * For comparing, not for use: only its tests import it. Web Crypto and plain JavaScript, for a page or for Node
 * (`node tests/reference/run.mjs`). Pure: evidence, bundle and time come in; nothing is fetched, stored or shown.
 * Beside it: `ledger.mjs` (ledger/SPEC.md), `acts.mjs` (sections 1 to 3), `bundle.mjs` (6 and 7).
 */
import { office, readAct, stands } from "./acts.mjs";
import { judges, openBundle } from "./bundle.mjs";
import {
  Refused, dayOf, decode, hex, included, isBytes, isInt, isList, isMap, isText, need, openCheckpoint, readCheckpoint,
  readProof, readSigned, satisfied, settle, sha256,
} from "./ledger.mjs";

// Section 5: QR text and credential.
const TEXT = ["text", "host", "path", "digits"], FORM = ["cose", "header", "claims"];
const LENGTHS = { 0: 0, 3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6 };

/** Code and credential bytes of a QR text, by the origins that are pinned. */
export function readText(line, hosts) {
  const [origin] = /^https?:\/\/[^/?#\\\s]*/.exec(line) ?? [];
  need(origin && [...line].length <= 2048, "text");
  need(hosts.includes(origin), "host");
  const [path, code, version] = /^\/v\/(\d{16})#(\d)/.exec(line.slice(origin.length)) ?? [];
  need(path && version === "1", "path");
  const [, digits, tail] = /^(\d*)([^]*)$/.exec(line.slice(origin.length + path.length));
  need(/^(?:[&?][A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,256})?$/.test(tail), "digits");
  return { code, bytes: fromDigits(digits) };
}
function fromDigits(digits) {
  need(digits.length >= 1 && digits.length <= 1200 && digits.length % 17 in LENGTHS, "digits");
  const bytes = [];
  for (let at = 0; at < digits.length; at += 17) {
    const group = digits.slice(at, at + 17), size = group.length === 17 ? 7 : LENGTHS[group.length];
    need(BigInt(group) < 256n ** BigInt(size), "digits");
    for (let n = BigInt(group), i = 0; i < size; i++, n >>= 8n) bytes.push(Number(n & 255n));
  }
  return Uint8Array.from(bytes);
}

const isSeconds = isInt(0, 2 ** 40 - 1), isVersion = (v) => isList(2, 2, isInt(0, 65_535))(v) && isInt(2, 99)(v[0]);
const HIDDEN = "\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}";
const BLANK = "\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180d\\u180f\\u2800\\u3164\\uffa0";
const UNSEEN = new RegExp(`[${HIDDEN}${BLANK}]|^\\p{Zs}|\\p{Zs}$`, "u");
// CJK extensions H, I and J are younger than some tables of Unicode: read as an old ideograph.
const known = (line) => line.replace(/[\u{2ebf0}-\u{2ee5d}\u{31350}-\u{33479}]/gu, "\u4e00");
const isSaid = (most) => (v) => isText(1, most)(v) && !UNSEEN.test(known(v));
const ARRAY = [
  isSaid(50), isSaid(60), isInt(1, 2000), isInt(0, 9999), isInt(0, 1_048_575), isInt(0, 10n ** 16n - 1n),
  isText(4, 4, /^\d{3}[\dX]$/),
];
const CLAIMS = isMap({
  6: isSeconds, "4?": isSeconds, 7: isBytes(10), "-70001": isList(6, 7, () => true), "-70003?": isVersion,
});
const DISTRICTS = "00 01 04 05 06 07 09 10 12 13 14 15 16 17 18 20 51".split(" ");
const NUMBER = /^([CJ])(?:310000|3101(\d\d))\d\d([1-4])(\d{3})(\d{3})(?!000000)\d{6}$/;
/** ISO 7064, hybrid: what is left after these digits (MOD 11,10 or MOD 37,36). */
const remainder = (line, base) =>
  [...line].reduce((sum, one) => (((sum + parseInt(one, base)) % base || base) * 2) % (base + 1), base);

/** The signed bytes and what they say. */
export function readCredential(bytes) {
  need(bytes.length <= 348, "cose");
  const signed = readSigned(bytes, 65010), claims = decode(signed.payload, "claims");
  need(CLAIMS(claims), "claims");
  const said = claims.get(-70001), [iat, exp, raw, version] = [6, 4, 7, -70003].map((key) => claims.get(key));
  need(said.every((one, i) => ARRAY[i](one)) && /\p{L}/u.test(known(said[0])), "claims");
  const [name, course, hours, list, index, digits, lastFour] = said, code = String(digits).padStart(16, "0");
  need((remainder(code.slice(0, 15), 10) + Number(code[15])) % 10 === 1, "claims");
  need(!version || version[1] * 86_400 <= iat + 28_800, "claims");
  const body = String.fromCharCode(raw[0]) + BigInt(`0x${hex(raw.slice(1))}`).toString().padStart(21, "0");
  const [whole, kind, district, stage, project, issuer] = NUMBER.exec(body) ?? [];
  need(whole && (district === undefined || DISTRICTS.slice(1).includes(district)), "claims");
  const number = body + ((37 - remainder(body, 36)) % 36).toString(36).toUpperCase();
  return {
    ...signed, iat, exp, number, kind, stage: Number(stage), project, issuer, name, course, hours, list, index, code,
    lastFour, version,
  };
}
const dated = (days) => new Date(days * 86_400_000).toISOString().slice(0, 10);
/** What a credential says, in plain JSON. */
const told = ({ kid, iat, exp, number, name, course, hours, list, index, code, lastFour, version }) => ({
  kid, iat, exp: exp ?? null, number, name, course, hours, list, index, code, last_four: lastFour ?? null,
  version: version?.[0] ?? 1, first_issued_on: version ? dated(version[1]) : null,
});

// Section 8, steps 7 to 11.
const ISSUING = ["certificate-issued", "certificate-corrected", "certificate-reissued"];
const ENDING = ["certificate-revoked", "certificate-cancelled"];
const LATER = ["certificate-suspended", "certificate-restored", ...ENDING, ...ISSUING.slice(1)];

/** A proof by the first half of step 9: its leaf stands under a checkpoint of this log. */
async function openProof(bytes, trust, kinds) {
  const proof = readProof(bytes), policy = judges(trust.ruled, readCheckpoint(proof.note).size);
  const head = await openCheckpoint(proof.note, trust.logs, [...policy.witnesses.values()]);
  need(head.origin === trust.origin && (head.size !== trust.size || hex(head.root) === hex(trust.head.root)), "log");
  await included(proof.leaf, proof.seq, head.size, proof.hashes, head.root);
  const act = await readAct(proof), times = new Map(head.times);
  need(kinds.includes(act.kind) && act.aud === trust.origin, "log");
  if (head.body === trust.head.body)
    for (const [line, time] of trust.head.times) times.set(line, Math.min(time, times.get(line) ?? time));
  return { act, policy, times };
}
async function logged(cred, key, bytes, trust) {
  const opened = await openProof(bytes, trust, ISSUING);
  need(hex(opened.act.says("credential")) === hex(await sha256(cred.bytes)), "log");
  need(await opened.act.holds(key), "log");
  return opened;
}
function inScope(world, cred, day, act) {
  const key = world.keys.get(cred.kid), party = world.parties.get(key?.party), body = world.bodies.get(key?.party);
  if (!key?.staff || !stands(world, key.party) || party.role !== "body" || party.code !== cred.issuer) return false;
  if (!body || body.suspended || day < body.first || day > body.last) return false;
  const held = office(world, key.party, key.staff, day);
  const fits = (standard) => ["project", "kind", "stage", "hours"].every((name) => standard.get(name) === cred[name])
    && standard.get("title") === cred.course && (!act || act.says("standard") === standard.get("id"))
    && body.projects.includes(cred.project) && (!held.projects.length || held.projects.includes(cred.project));
  return held.duties.includes("signatory") && world.standards.some(fits) && (!act || agrees(act, cred, key));
}
function agrees(act, cred, key) {
  const day = dayOf(act.time), later = act.kind !== ISSUING[0], { says } = act, [number, first] = cred.version ?? [];
  const version = later ? number === says("version") && dated(first) === says("issued_on") : number === undefined;
  const expires = cred.exp === undefined ? undefined : dayOf((cred.exp - 1) * 1000);
  return version && act.iss === key.party && says("status_list") === cred.list && says("status_index") === cred.index
    && says("kind") === cred.kind && says("expires_on") === expires
    && says(later ? "version_on" : "issued_on") === day && dayOf(cred.iat * 1000) === day;
}
async function issuer(cred, trust, proof) {
  if (proof) {
    const before = await trust.facts((act) => act.seq < proof.act.seq);
    return inScope(before, cred, dayOf(proof.act.time), proof.act);
  }
  const day = dayOf(cred.iat * 1000);
  const by = (seconds) => trust.facts((act) => act.time < (cred.iat + seconds + 1) * 1000);
  return inScope(await by(0), cred, day) || inScope(await by(300), cred, day);
}
const quorum = (proof, counts) => proof.policy.quorum !== "none" && satisfied(proof.policy, proof.times, counts);
function keySafety({ revoked }, cred, proof) {
  if (!revoked) return [];
  if (proof ? proof.act.seq > revoked.seq : cred.iat * 1000 > revoked.time) return ["out_of_scope"];
  if (revoked.cause !== "compromised") return [];
  const early = proof && proof.act.time < revoked.since * 1000 && quorum(proof, (time) => time < revoked.since);
  return early ? [] : ["could_not_check"];
}
function isLogged(cred, proof, { proof: given, noneLogged, requireProof, now }) {
  if (proof) return [];
  if (noneLogged) return [now - cred.iat <= 600 ? "could_not_check" : "not_logged"];
  return given || requireProof ? ["could_not_check"] : [];
}
/** Of proofs of later entries: the state that they add, and the act that decides it. */
async function afterwards(proof, proofs, trust, list, value) {
  const acts = [];
  for (const bytes of proofs.slice(0, 16)) {
    const { act } = (await settle(() => openProof(bytes, trust, LATER))) ?? {};
    if (!act || act.sub !== proof.act.sub || act.seq <= proof.act.seq || act.iss !== proof.act.iss) continue;
    const world = await trust.facts((one) => one.seq < act.seq), key = world.keys.get(act.kid);
    if (!key?.staff || key.revoked || key.party !== act.iss || !(await act.holds(key))) continue;
    if (office(world, act.iss, key.staff, dayOf(act.time)).duties.includes("signatory")) acts.push(act);
  }
  acts.sort((a, b) => a.seq - b.seq);
  const own = proof.act.says("version") ?? 1, versions = acts.filter((act) => act.says("version") > own);
  const end = acts.find((act) => ENDING.includes(act.kind));
  const next = versions.find((act) => act.says("version") === own + 1) ?? versions.at(-1);
  const hold = acts.filter((act) => LATER.indexOf(act.kind) < 2).at(-1);
  if (end) return { state: end.kind.slice(12), act: end };
  if (value === 1) return {};
  if (next) return { state: "superseded", act: next };
  const hung = hold?.kind === LATER[0] && (!list || value === 2 || list.size <= hold.seq);
  return hung ? { state: "suspended", act: hold } : {};
}

// The verdict.
const FIRST = [
  "unreadable", "unknown_issuer", "tampered", "out_of_scope", "not_yet_valid", "not_logged", "revoked", "cancelled",
  "superseded", "suspended", "expired", "could_not_check",
];
const EXIT = { unreadable: 2, could_not_check: 2, valid: 0 };
function verdict(steps, called, more = {}) {
  const state = FIRST.find((one) => called.includes(one)) ?? "valid";
  return { steps, state, exit: EXIT[state] ?? 1, complete: false, final: false, ...more };
}
/** The stage at which `work` was refused, or null. Whatever else it throws goes on. */
async function refusal(work) {
  try { await work(); } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.message;
  }
  return null;
}
/** Steps 1 to 6; the first that fails ends the check. `steps` gets the stages passed, and the one that did not. */
async function read(input, steps) {
  let trust, found = { bytes: input.credential };
  const passes = async (stages, work) => {
    const failed = await refusal(work), end = failed === null ? stages.length : stages.indexOf(failed);
    for (const one of stages.slice(0, end)) steps[one] = true;
    if (failed !== null) steps[failed] = false;
    return failed === null;
  };
  const holds = (stage, is) => (steps[stage] = Boolean(is));
  const open = async () => { trust = await (input.trust ?? openBundle(input.bundle, input.pin, input.lists)); };
  if (!holds("trust", (await refusal(open)) === null)) return { called: "could_not_check" };
  if (input.text !== undefined && !(await passes(TEXT, () => { found = readText(input.text, trust.hosts); })))
    return { called: "unreadable" };
  let cred;
  if (!(await passes(FORM, () => { cred = readCredential(found.bytes); }))) return { called: "unreadable" };
  const key = trust.world.keys.get(cred.kid);
  if (!holds("key", key?.staff)) return { called: "unknown_issuer" };
  if (!holds("signature", await cred.holds(key))) return { called: "tampered" };
  if (!holds("code", !found.code || found.code === cred.code)) return { called: "tampered" };
  return { cred, key, trust };
}
/** Section 8. `input`: text or credential; bundle (or `trust`, opened before); now (seconds); perhaps pin, lists
 * (tokens), proof, later (proofs), noneLogged (the log was asked and had none), requireProof. */
export async function verify(input) {
  const steps = {}, { called, cred, key, trust } = await read(input, steps), { now } = input;
  if (called) return verdict(steps, [called]);
  const proof = input.proof ? await settle(() => logged(cred, key, input.proof, trust)) : null;
  const list = trust.lists.get(cred.list), value = list?.at(cred.index), age = list && now - list.iat;
  const after = proof ? await afterwards(proof, input.later ?? [], trust, list, value) : {};
  // The list has one value for revoked and cancelled; a later entry says which of them it was.
  const listed = list ? [[], ["revoked"], ["suspended"], ["superseded"]][value] : ["could_not_check"];
  const calls = {
    issuer: (await issuer(cred, trust, proof)) ? [] : ["out_of_scope"],
    time: [...(cred.iat <= now + 300 ? [] : ["not_yet_valid"]), ...(now < (cred.exp ?? Infinity) ? [] : ["expired"])],
    logged: isLogged(cred, proof, input),
    key_safety: keySafety(key, cred, proof),
    status: after.state ? [after.state, ...(after.state === "cancelled" ? [] : listed)] : listed,
  };
  const fresh = Boolean(list) && age >= -300 && age <= list.ttl, final = Boolean(proof) && quorum(proof);
  for (const [name, states] of Object.entries(calls)) steps[name] = states.length === 0;
  Object.assign(steps, { logged: Boolean(proof), status: steps.status && fresh, witnessed: final });
  const said = { complete: Boolean(proof), final, fresh, told: told(cred) };
  if (after.act) said.reason = after.act.says("reason");
  return verdict(steps, Object.values(calls).flat(), said);
}
