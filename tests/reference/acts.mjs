/** Part of the reference verifier (reference.mjs): acts, their forms and authority (issuers/SPEC.md sections 1 to 3).
 *
 * `judge` replays acts and gives the facts that they add up to, or refuses; a moment in the past is fewer acts.
 */
import {
  DAY, TIME_END, checked, dayOf, distinct, hex, isBytes, isInt, isList, isMap, isRecord, isText, keyOf, need, one,
  openCheckpoint, readSigned, readVkey, sha256, utf8,
} from "./ledger.mjs";

// Section 1: forms.
const isForm = (form) => isText(1, 1000, form), isId = isBytes(16), isHash = isBytes(32), isTitle = isText(1, 120);
const isSlug = isText(1, 40, /^[a-z0-9]+(-[a-z0-9]+)*$/), isReason = isText(1, 40, /^[a-z]+(-[a-z]+)*$/);
const isDay = (v) => isForm(/^(?!0000)\d{4}-\d\d-\d\d$/)(v) && String(new Date(v).toJSON()).startsWith(v);
const isPermille = isInt(0, 1000), isKind = one("C", "J"), isEnrolment = isBytes(1, 1024);
const isEntry = (v) => isRecord(v) && Object.entries(v).every(([name, hash]) => !/^-?\d/.test(name) && isHash(hash));
const DUTIES = "root admin standards supervisor reviewer intake registrar instructor evaluator signatory".split(" ");
const STANDARD = isMap({
  id: isSlug, version: isInt(1, 9999), project: isForm(/^\d{3}$/), title: isTitle, title_en: isTitle,
  stage: isInt(1, 4), kind: isKind, hours: isInt(1, 9999), min_attendance_permille: isPermille,
  components: isList(1, 8, isMap({
    key: isText(1, 24, /^(?!candidate$)[a-z][a-z0-9_]*$/), title: isTitle, title_en: isTitle,
    weight_permille: isPermille, max_tenths: isInt(10, 10_000), pass_tenths: isInt(0, 10_000),
  })),
  pass_total_tenths: isPermille, divergence_permille: isPermille, evaluators_min: isInt(2, 9),
});
const isStandard = (v) => STANDARD(v) && v.components.every((part) => part.pass_tenths <= part.max_tenths)
  && ["key", "title"].every((name) => distinct(v.components.map((part) => part[name])))
  && v.components.reduce((sum, part) => sum + part.weight_permille, 0) === 1000;
const FIELDS = {
  origin: isText(1, 100, /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9.-]+)*$/), city: isTitle, city_en: isTitle, rules: one(1),
  keys: isList(3, 3, isMap({ staff: isId, enrolment: isEnrolment })), staff: isId, enrolment: isEnrolment,
  role: one("city", "district", "body", "institution", "operator"), name: isTitle, name_en: isTitle,
  region: isForm(/^31\d{4}$/), uscc: isForm(/^[0-9A-HJ-NPQRTUWXY]{18}$/), code: isForm(/^\d{3}$/), reason: isReason,
  first_day: isDay, last_day: isDay, projects: isList(0, 64, isSlug), quorum: isInt(1, 32),
  duties: (v) => isList(1, 6, one(...DUTIES))(v) && distinct(v),
  witnesses: isList(1, 32, isMap({
    party: isSlug, vkey: isText(1, 300), possession: isText(1, 1000),
    "url?": isText(9, 200, /^https?:\/\/[A-Za-z0-9.:/_~-]+$/),
  })),
  cause: one("rotated", "left", "lost", "compromised"), compromised_since: isInt(0, 2 ** 40), document: isStandard,
  class_id: isId, candidate: isId, evaluation: isHash, standard: isSlug, kind: isKind, credential: isHash,
  status_list: isInt(0, 9999), status_index: isInt(0, 1_048_575), issued_on: isDay, expires_on: isDay,
  entries: isList(1, 1, isEntry), version: isInt(2, 99), former: isHash, version_on: isDay,
  scope: isList(1, 64, isSlug), correction: one("name-corrected", "layout-changed"),
  reissue: one("lost", "damaged", "key-replaced"),
  cancellation: one("issued-in-error", "duplicate", "holder-deceased", "transferred-out"),
};
const SUBJECTS = {
  SLUG: "(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*", ID: "[0-9a-f]{32}", HASH: "[0-9a-f]{64}", KID: "[0-9a-f]{16}",
  PURPOSE: "(checkpoint|receipt|status)",
};
const ISSUED = "standard kind credential status_list status_index issued_on expires_on? entries";
/** Kind, subject, whose duty (two: of two roots), fields; after a colon their type, if it is not that of the name. */
const FORMS = new Map(`
  genesis                log              two        origin city city_en keys rules
  approve                statement/HASH   root
  party-admitted         party/SLUG       two        role name name_en region uscc? code?
  party-withdrawn        party/SLUG       two        reason
  admin-appointed        party/SLUG       two        staff enrolment first_day last_day
  service-key            service/PURPOSE  two        enrolment
  witness-set            log              two        witnesses quorum first_day
  body-appointed         party/SLUG       two        projects:scope first_day last_day
  body-suspended         party/SLUG       two        reason
  officer-appointed      officer/ID       admin      duties projects first_day last_day
  officer-dismissed      officer/ID       admin      reason
  key-enrolled           officer/ID       admin      enrolment
  key-revoked            key/KID          admin      cause compromised_since?
  standard-published     standard/SLUG    standards  document
  certificate-issued     certificate/ID   signatory  class_id candidate evaluation ${ISSUED}
  certificate-corrected  certificate/ID   signatory  version former version_on reason:correction ${ISSUED}
  certificate-reissued   certificate/ID   signatory  version former version_on reason:reissue ${ISSUED}
  certificate-suspended  certificate/ID   signatory  reason
  certificate-restored   certificate/ID   signatory  reason
  certificate-revoked    certificate/ID   signatory  reason
  certificate-cancelled  certificate/ID   signatory  reason:cancellation
`.trim().split("\n").map((line) => {
  const [kind, subject, duty, ...names] = line.trim().split(/ +/);
  const form = subject.replace(/[A-Z]+/, (word) => SUBJECTS[word]), fields = names.map((name) => name.split(":"));
  const isBody = isMap(Object.fromEntries(fields.map(([name, type = name]) => [name, FIELDS[type.replace("?", "")]])));
  return [kind, { isSubject: isForm(new RegExp(`^${form}$`)), duty, isBody }];
}));
const ACT = /^application\/vnd\.malan\.([a-z]+(?:-[a-z]+)*)\.v1\+cbor$/;

/** A statement as an act; `code` is that of the part in which it stands. */
export async function readAct({ seq, time, statement, code }) {
  const said = readSigned(statement, isForm(ACT), { claims: true }), { sub, cti, body } = said;
  const [, kind] = ACT.exec(said.type), { isSubject, isBody } = need(FORMS.get(kind));
  need(isSubject(sub) && isBody(body) && !(body.first_day > body.last_day));
  need(cti[6] >> 4 === 7 && cti[8] >> 6 === 2); // UUIDv7, RFC 9562
  return { ...said, seq, time, statement, code, kind, about: sub.split("/")[1], hash: hex(await sha256(statement)) };
}

// Section 2: facts, and the rules by which an act adds to them.
export const stands = ({ parties }, slug) => parties.has(slug) && !parties.get(slug).withdrawn;
export const covers = ({ first_day, last_day }, day) => first_day <= day && day <= last_day;
/** The appointment of a person at a party, if it covers the day. */
export function office({ offices }, slug, staff, day) {
  const held = offices.get(`${slug}/${staff}`);
  return held && covers(held, day) ? held : { duties: [], projects: [] };
}
/** Whether the person has a duty there today that an admin gives. */
const serves = (world, { iss, about }, at) =>
  office(world, iss, about, dayOf(at.time)).duties.some((duty) => duty !== "root" && duty !== "admin");
const signer = ({ keys }, { kid }) => keys.get(kid)?.staff;
const isRoot = (world, act) => world.roots.includes(signer(world, act));
const dutyFor = (world, act) => (act.kind === "key-revoked" && isRoot(world, act) ? "two" : FORMS.get(act.kind).duty);
const FAMILIES = { "party-withdrawn": "party-admitted", "body-suspended": "body-appointed" };
const when = (held, effect) => { need(held); return effect; };
/** Step 5 for each kind, `at` a place: refuses, or gives what the act changes in force. `key`: that it enrols. */
const RULES = {
  genesis: (world, { hash }) => () => { world.genesis = hash; },
  approve: async (world, { kid, about, time }, at) => {
    const act = need(world.waiting.get(about)), family = `${FAMILIES[act.kind] ?? act.kind} ${act.sub}`;
    need(signer(world, act) !== signer(world, { kid }) && time - act.time <= 7 * DAY * 1000);
    need(!(world.forced.get(family) > act.seq));
    const takeForce = await admitted(world, act, at);
    return () => { takeForce(); world.waiting.delete(about); world.forced.set(family, at.seq); };
  },
  "party-admitted": ({ parties }, { about, body: { role, code } }) => when(
    !parties.has(about) && role !== "city" && (role === "body") === Boolean(code)
      && (!code || [...parties.values()].every((other) => other.code !== code)),
    () => parties.set(about, { role, code })),
  "party-withdrawn": (world, { about }) => when(stands(world, about) && about !== "city",
    () => { world.parties.get(about).withdrawn = true; }),
  "admin-appointed": (world, { about, body }, at, { staff }) => when(
    stands(world, about) && !world.roots.includes(staff),
    () => world.offices.set(`${about}/${staff}`, { ...body, duties: ["admin"], projects: [] })),
  "service-key": ({ services }, { about }, at, key) => when(about !== "checkpoint" || key.alg === -8,
    () => services[about].push(key)),
  "witness-set": async (world, { body: { witnesses, quorum, first_day } }, at) => {
    need(2 * quorum > witnesses.length && quorum <= witnesses.length && !(world.sets.at(-1)?.first_day > first_day));
    const found = [];
    for (const { party, vkey, possession, url } of witnesses) {
      const key = await readVkey(vkey, 4), known = world.keys.get(key.kid);
      const { origin, times } = await openCheckpoint(utf8(possession), [], [key]);
      need(origin === world.origin && Math.abs(at.time / 1000 - times.get(key.line)) <= 30 * DAY);
      need(stands(world, party) && world.parties.get(party).role === "district");
      need(!known || (known.party === party && !known.staff && !known.revoked));
      found.push({ ...key, party, url });
    }
    return when(["party", "kid", "name"].every((part) => distinct(found.map((key) => key[part]))), () => {
      for (const key of found) world.keys.set(key.kid, key);
      world.sets.push({ seq: at.seq, first_day, witnesses: found, quorum });
    });
  },
  "body-appointed": (world, { about, body }) => when(stands(world, about) && world.parties.get(about).role === "body",
    () => world.bodies.set(about, { ...body, suspended: false })),
  "body-suspended": (world, { about }) => when(stands(world, about) && world.bodies.has(about),
    () => { world.bodies.get(about).suspended = true; }),
  "officer-appointed": ({ offices, roots }, { iss, about, body }) => when(
    !body.duties.includes("root") && !body.duties.includes("admin") && !roots.includes(about)
      && !offices.get(`${iss}/${about}`)?.duties.includes("admin"),
    () => offices.set(`${iss}/${about}`, body)),
  "officer-dismissed": (world, act, at) => when(serves(world, act, at),
    () => world.offices.delete(`${act.iss}/${act.about}`)),
  "key-enrolled": (world, act, at) => when(serves(world, act, at), () => {}),
  "key-revoked": (world, act, at) => {
    const key = need(world.keys.get(act.about)), was = key.revoked, two = isRoot(world, act);
    const { cause, compromised_since: since } = act.body, stolen = cause === "compromised";
    need(stolen === (since !== undefined) && !(since * 1000 > at.time));
    need(two || (key.party === act.iss && key.staff && !world.roots.includes(key.staff)));
    need(two || !(since * 1000 < at.time - 7 * DAY * 1000));
    return when(!was || (stolen && (was.cause !== cause || (two && since < was.since))),
      () => { key.revoked = { seq: at.seq, time: at.time, ...was, cause, since }; });
  },
  "standard-published": ({ standards }, { about, body: { document } }) => when(
    document.id === about && !standards.some(({ id }) => id === about),
    () => standards.push(document)),
};
/** Section 3: a new key, by its own word for this party, person or purpose and log. */
async function enrolled({ keys, origin }, bytes, { party, sub, staff }, at) {
  const said = readSigned(bytes, one("application/vnd.malan.enrolment.v1+cbor"), { claims: true });
  const key = await keyOf(checked(isMap({ spki: isBytes(1, 200) }), said.body).spki);
  need((await said.holds(key)) && said.iss === party && said.sub === sub && said.aud === origin);
  need(Math.abs(at.time / 1000 - said.iat) <= 30 * DAY && !keys.has(key.kid));
  return { ...key, party, staff };
}
/** For whom an act enrols a key. */
function ownerOf({ kind, iss, sub, about, body }) {
  if (kind !== "admin-appointed") return { party: iss, sub, staff: kind === "key-enrolled" ? about : undefined };
  return { party: about, sub: `officer/${hex(body.staff)}`, staff: hex(body.staff) };
}
/** Steps 3 to 5 at a place in the log: what the act changes once it is in force. */
async function admitted(world, act, at) {
  const { kid, kind, iss, body } = act, by = world.keys.get(kid), duty = dutyFor(world, act).replace("two", "root");
  need(by?.staff && !by.revoked && by.party === iss && stands(world, iss) && (duty !== "standards" || iss === "city"));
  need(office(world, iss, by.staff, dayOf(at.time)).duties.includes(duty) && (await act.holds(by)));
  const key = body.enrolment && (await enrolled(world, body.enrolment, ownerOf(act), at));
  const takeForce = await RULES[kind](world, act, at, key);
  return () => { takeForce(); if (key) world.keys.set(key.kid, key); };
}
/** Step 2: the first act brings the keys by which it is signed. */
async function begin(world, act) {
  need(act.seq === 0 && act.iss === "city" && !world.origin);
  world.origin = act.body.origin;
  world.parties.set("city", { role: "city" });
  for (const each of act.body.keys) {
    const staff = hex(each.staff), owner = { party: "city", sub: `officer/${staff}`, staff };
    const key = await enrolled(world, each.enrolment, owner, act);
    world.roots.push(staff);
    world.offices.set(`city/${staff}`, { duties: ["root"], projects: [], first_day: "", last_day: "9999-12-31" });
    world.keys.set(key.kid, key);
  }
  need(distinct(world.roots));
}
/** Section 7: the code of the body that an act is of; most are of none. */
function codeOf({ waiting, parties, keys }, { kind, sub, about, iss, body }) {
  if (kind === "approve") return codeOf({ waiting, parties, keys }, need(waiting.get(about)));
  const key = keys.get(about), by = { party: about, officer: iss, key: key?.staff && key.party };
  return kind === "party-admitted" ? body.code : parties.get(by[sub.split("/")[0]])?.code;
}
/** Facts after these acts: those of the bundle, and of one part. */
export async function judge(acts) {
  const world = {
    parties: new Map(), keys: new Map(), offices: new Map(), bodies: new Map(), waiting: new Map(), forced: new Map(),
    services: { checkpoint: [], receipt: [], status: [] }, roots: [], standards: [], sets: [],
  };
  need(distinct(acts.map((act) => hex(act.cti))));
  for (const [i, act] of acts.entries()) {
    const before = acts[i - 1] ?? { seq: -1, time: 0 };
    need(before.seq < act.seq && before.time <= act.time && act.time < TIME_END);
    need(Math.abs(act.iat * 1000 - act.time) <= DAY * 1000);
    if (act.kind === "genesis") await begin(world, act);
    need(act.aud === world.origin && (world.genesis || ["genesis", "approve"].includes(act.kind)));
    need(act.kind in RULES && act.code === codeOf(world, act));
    const takeForce = await admitted(world, act, act);
    if (dutyFor(world, act) === "two") world.waiting.set(act.hash, act);
    else takeForce();
  }
  return world;
}
