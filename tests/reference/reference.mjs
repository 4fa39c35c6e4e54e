/** Reference verifier: issuers/SPEC.md sections 5 and 8, on a second reading of the two SPEC.md and of nothing else.
 *
 * For comparing, not for use: only its tests import it. Web Crypto and plain JavaScript, for a page or for Node
 * (`node tests/reference/run.mjs`). Pure: evidence, bundle and time come in; nothing is fetched, stored or shown.
 * Beside it: `ledger.mjs` (ledger/SPEC.md), `acts.mjs` (sections 1 to 3), `bundle.mjs` (6 and 7).
 */
import { covers, office, readAct, stands } from "./acts.mjs";
import { judges, openBundle, satisfied } from "./bundle.mjs";
import {
  DAY, checked, dayOf, decode, hex, included, isBytes, isInt, isMap, isText, isTuple, need, one, openCheckpoint,
  readCheckpoint, readFrame, readHeader, readProof, settle, sha256, unhex,
} from "./ledger.mjs";

// Section 5: QR text and credential.
const SIZES = [0, 3, 5, 8, 10, 13, 15, 17]; // digits of so many bytes
function fromDigits(digits) {
  need(digits.length >= 1 && digits.length <= 1200);
  return Uint8Array.from(digits.match(/.{1,17}/g).flatMap((group) => {
    const size = SIZES.indexOf(group.length), n = BigInt(group);
    need(size > 0 && n < 256n ** BigInt(size));
    return [...unhex(n.toString(16).padStart(2 * size, "0")).reverse()];
  }));
}
const UNSEEN = new RegExp("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}"
  + "\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180d\\u180f\\u2800\\u3164\\uffa0]|^\\p{Zs}|\\p{Zs}$", "u");
// CJK extensions H, I and J are younger than some tables of Unicode: read as an old ideograph.
const known = (line) => line.replace(/[\u{2ebf0}-\u{2ee5d}\u{31350}-\u{33479}]/gu, "\u4e00");
const isSaid = (most, wanted) => (v) => isText(1, most)(v) && !UNSEEN.test(known(v)) && wanted.test(known(v));
const PRIVATE = [
  isSaid(50, /\p{L}/u), isSaid(60, /^/), isInt(1, 2000), isInt(0, 9999), isInt(0, 1_048_575), isInt(0, 10n ** 16n - 1n),
];
const isSeconds = isInt(0, 2 ** 40 - 1), isTail = isText(4, 4, /^\d{3}[\dX]$/);
const CLAIMS = isMap({
  6: isSeconds, "4?": isSeconds, 7: isBytes(10), "-70003?": isTuple(isInt(2, 99), isInt(0, 65_535)),
  "-70001": (v) => isTuple(...PRIVATE)(v) || isTuple(...PRIVATE, isTail)(v),
});
const NUMBER = /^([CJ])31(?:0000|01(?:0[145679]|1[02-8]|20|51))\d\d([1-4])(\d{3})(\d{3})(?!000000)\d{6}$/;
/** ISO 7064, hybrid: what is left after these digits (MOD 11,10 or MOD 37,36). */
const remainder = (line, base) =>
  [...line].reduce((sum, digit) => (((sum + parseInt(digit, base)) % base || base) * 2) % (base + 1), base);
/** What a credential says, `told` what of it is shown. */
function readClaims({ kid, payload, holds }) {
  const { 6: iat, 4: exp = null, 7: raw, "-70001": said, "-70003": later } = checked(CLAIMS, decode(payload));
  const [name, course, hours, list, index, digits, last_four = null] = said, code = String(digits).padStart(16, "0");
  need((remainder(code.slice(0, 15), 10) + Number(code[15])) % 10 === 1);
  const [version, day] = later ?? [1], first_issued_on = later ? dayOf(day * DAY * 1000) : null;
  need(!later || first_issued_on <= dayOf(iat * 1000));
  const body = String.fromCharCode(raw[0]) + BigInt(`0x${hex(raw.subarray(1))}`).toString().padStart(21, "0");
  const [, kind, stage, project, issuer] = need(NUMBER.exec(body));
  const number = body + ((37 - remainder(body, 36)) % 36).toString(36).toUpperCase();
  const told = { kid, iat, exp, number, name, course, hours, list, index, code, last_four, version, first_issued_on };
  return { ...told, told, holds, kind, stage: Number(stage), project, issuer };
}

// Section 8, steps 1 to 6: what each is called, what it calls for where it fails, and what it adds to `c`.
const READING = [
  ["trust", "could_not_check", async (c) => { c.trust = await (c.trust ?? openBundle(c.bundle, c.pin, c.lists)); }],
  ["text", "unreadable", (c) => {
    [c.origin] = need(/^https?:\/\/[^/?#\\\s]*/.exec(c.text));
    need([...c.text].length <= 2048);
  }],
  ["host", "unreadable", (c) => need(c.trust.hosts.includes(c.origin))],
  ["path", "unreadable", (c) => { [c.path, c.code] = need(/^\/v\/(\d{16})#1/.exec(c.text.slice(c.origin.length))); }],
  ["digits", "unreadable", (c) => {
    const form = /^(\d*)(?:[&?][A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,256})?$/, from = c.origin.length + c.path.length;
    c.credential = fromDigits(need(form.exec(c.text.slice(from)))[1]);
  }],
  ["cose", "unreadable", (c) => { c.frame = readFrame(c.credential, 348); }],
  ["header", "unreadable", (c) => { c.signed = readHeader(c.frame, one(65010)); }],
  ["claims", "unreadable", (c) => { c.cred = readClaims(c.signed); }],
  ["part", "could_not_check", async (c) => { c.facts = await c.trust.factsFor(c.cred.issuer); }],
  ["key", "unknown_issuer", async (c) => { c.key = need((await c.facts()).keys.get(c.cred.kid)); need(c.key.staff); }],
  ["signature", "tampered", async (c) => need(await c.cred.holds(c.key))],
  ["code", "tampered", (c) => need(!c.code || c.code === c.cred.code)],
];
/** The state for which the first step that fails calls, or null; which passed is written down in `steps`. */
async function read(c, steps) {
  for (const [step, state, work] of READING) {
    if (c.text === undefined && ["text", "host", "path", "digits"].includes(step)) continue;
    const passes = async () => { await work(c); return true; };
    steps[step] = (await settle(passes())) ?? false;
    if (!steps[step]) return state;
  }
  return null;
}

// Steps 7 to 12.
const [FIRST, ...VERSIONS] = ["certificate-issued", "certificate-corrected", "certificate-reissued"];
const ENDS = ["certificate-revoked", "certificate-cancelled"];
const HOLDS = ["certificate-suspended", "certificate-restored"];

/** A proof by the first half of step 9: its leaf stands under a checkpoint of this log. */
async function openProof(bytes, trust, kinds) {
  const proof = readProof(bytes), policy = judges(trust.ruled, readCheckpoint(proof.note).size);
  const head = await openCheckpoint(proof.note, trust.logs, policy.witnesses), times = new Map(head.times);
  need(head.size !== trust.size || hex(head.root) === hex(trust.head.root));
  await included(proof, head);
  const act = await readAct(proof);
  need(kinds.includes(act.kind) && act.aud === trust.origin);
  if (head.body === trust.head.body)
    for (const [line, time] of trust.head.times) times.set(line, Math.min(time, times.get(line) ?? time));
  return { act, policy, times };
}
async function logged(bytes, { key, trust, credential }) {
  const opened = await openProof(bytes, trust, [FIRST, ...VERSIONS]), { body, holds } = opened.act;
  need(hex(body.credential) === hex(await sha256(credential)) && (await holds(key)));
  return opened;
}
/** Whether an act of issue says what the credential says. */
function agrees({ kind, iss, time, body }, cred, key) {
  const day = dayOf(time), expires = cred.exp === null ? undefined : dayOf((cred.exp - 1) * 1000);
  const [said, first] = kind === FIRST ? [body.issued_on, null] : [body.version_on, body.issued_on];
  return iss === key.party && body.status_list === cred.list && body.status_index === cred.index
    && body.kind === cred.kind && said === day && dayOf(cred.iat * 1000) === day && body.expires_on === expires
    && cred.version === (body.version ?? 1) && cred.first_issued_on === first;
}
function inScope(world, cred, day, act) {
  const key = world.keys.get(cred.kid), slug = key?.party, body = world.bodies.get(slug);
  if (!key?.staff || !stands(world, slug) || !body || body.suspended || !covers(body, day)) return false;
  const { duties, projects } = office(world, slug, key.staff, day);
  const fits = (standard) => ["project", "kind", "stage", "hours"].every((name) => standard[name] === cred[name])
    && standard.title === cred.course && (!act || act.body.standard === standard.id);
  return duties.includes("signatory") && (!projects.length || projects.includes(cred.project))
    && body.projects.includes(cred.project) && world.standards.some(fits) && (!act || agrees(act, cred, key));
}
async function issuer({ facts, cred }, proof) {
  if (proof) return inScope(await facts(({ seq }) => seq < proof.act.seq), cred, dayOf(proof.act.time), proof.act);
  const by = (seconds) => facts(({ time }) => time < (cred.iat + seconds + 1) * 1000), day = dayOf(cred.iat * 1000);
  return inScope(await by(0), cred, day) || inScope(await by(300), cred, day);
}
const final = (proof, counts) => Boolean(proof?.policy.quorum) && satisfied(proof.policy, proof.times, counts);
function keySafety({ key: { revoked }, cred }, proof) {
  if (!revoked) return null;
  if (proof ? proof.act.seq > revoked.seq : cred.iat * 1000 > revoked.time) return "out_of_scope";
  if (revoked.cause !== "compromised") return null;
  const early = proof?.act.time < revoked.since * 1000 && final(proof, (time) => time < revoked.since);
  return early ? null : "could_not_check";
}
function isLogged({ cred, proof: given, noneLogged, requireProof, now }, proof) {
  if (proof) return null;
  if (noneLogged) return now - cred.iat <= 600 ? "could_not_check" : "not_logged";
  return given || requireProof ? "could_not_check" : null;
}
/** Of proofs of later entries: the state that they add, and the act that decides it. */
async function afterwards({ trust, facts, later = [] }, { act: issued }, list, value) {
  const acts = [];
  for (const bytes of later.slice(0, 16)) {
    const { act } = (await settle(openProof(bytes, trust, [...VERSIONS, ...ENDS, ...HOLDS]))) ?? {};
    if (act?.sub !== issued.sub || act.seq <= issued.seq || act.iss !== issued.iss) continue;
    const world = await facts(({ seq }) => seq < act.seq), key = world.keys.get(act.kid);
    if (!key?.staff || key.revoked || key.party !== act.iss || !(await act.holds(key))) continue;
    if (office(world, act.iss, key.staff, dayOf(act.time)).duties.includes("signatory")) acts.push(act);
  }
  acts.sort((a, b) => a.seq - b.seq);
  const end = acts.find(({ kind }) => ENDS.includes(kind)), hold = acts.findLast(({ kind }) => HOLDS.includes(kind));
  const own = issued.body.version ?? 1, versions = acts.filter(({ body }) => body.version > own);
  const next = versions.find(({ body }) => body.version === own + 1) ?? versions.at(-1);
  if (end) return { state: end.kind.slice("certificate-".length), act: end };
  if (value === 1) return {};
  if (next) return { state: "superseded", act: next };
  const hung = hold?.kind === HOLDS[0] && (!list || value === 2 || list.size <= hold.seq);
  return hung ? { state: "suspended", act: hold } : {};
}

// The verdict: states, first comes first, with their exit codes.
const STATES = {
  unreadable: 2, unknown_issuer: 1, tampered: 1, out_of_scope: 1, not_yet_valid: 1, not_logged: 1, revoked: 1,
  cancelled: 1, superseded: 1, suspended: 1, expired: 1, could_not_check: 2, valid: 0,
};
const first = (states) => Object.keys(STATES).find((state) => states.includes(state));
/** Section 8. `input`: text or credential; bundle (or `trust`, opened before); now (seconds); perhaps pin, lists
 * (tokens), proof, later (proofs), noneLogged (the log was asked and had none), requireProof. */
export async function verify(input) {
  const c = { ...input }, steps = {}, failed = await read(c, steps), { cred, trust, now } = c;
  if (failed) return { steps, state: failed, exit: STATES[failed], complete: false, final: false };
  const proof = c.proof ? await settle(logged(c.proof, c)) : null;
  const list = trust.lists.get(cred.list), value = list?.at(cred.index), age = now - list?.iat;
  const listed = list ? [null, "revoked", "suspended", "superseded"][value] : "could_not_check";
  const { state: added, act } = proof ? await afterwards(c, proof, list, value) : {};
  const calls = {
    issuer: (await issuer(c, proof)) ? null : "out_of_scope",
    time: cred.iat > now + 300 ? "not_yet_valid" : cred.exp !== null && now >= cred.exp ? "expired" : null,
    logged: isLogged(c, proof), key_safety: keySafety(c, proof),
    // The list has one value for revoked and cancelled; a later entry says which of them it was.
    status: added === "cancelled" ? added : first([added, listed]),
  };
  const state = first([...Object.values(calls), "valid"]), fresh = age >= -300 && age <= list.ttl;
  for (const [step, called] of Object.entries(calls)) steps[step] = !called;
  Object.assign(steps, { logged: Boolean(proof), status: steps.status && fresh, witnessed: final(proof) });
  const said = { complete: steps.logged, final: steps.witnessed, fresh, told: cred.told };
  return { steps, state, exit: STATES[state], ...said, ...(act && { reason: act.body.reason }) };
}
