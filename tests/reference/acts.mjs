/** The acts of a bundle: forms and authority, issuers/SPEC.md sections 1 to 3.
 *
 * Part of the reference verifier (reference.mjs). `judge` replays acts and gives the facts that they add up to,
 * or refuses; a moment in the past is the same call with fewer acts. */
import {
  TIME_END, dayOf, decode, hex, isBytes, isInt, isList, isMap, isText, keyOf, need, openCheckpoint, readSigned,
  readVkey, sha256,
} from "./ledger.mjs";

const DAY = 86_400, one = (...words) => (v) => words.includes(v);
const isSlug = isText(1, 40, /^[a-z0-9]+(-[a-z0-9]+)*$/), isTitle = isText(1, 120);
const isId = isBytes(16), isHash = isBytes(32), isSeconds = isInt(0, 2 ** 40);
const isReason = isText(1, 40, /^[a-z]+(-[a-z]+)*$/), isEnrolment = isBytes(1, 1024);
const isDay = (v) => isText(10, 10, /^(?!0000)\d{4}-\d\d-\d\d$/)(v) && !Number.isNaN(Date.parse(v))
  && new Date(v).toISOString().startsWith(v);
const isEntry = (v) => v instanceof Map && [...v].every(([name, digest]) => typeof name === "string" && isHash(digest));
const DUTIES = "root admin standards supervisor reviewer intake registrar instructor evaluator signatory".split(" ");
const isOrigin = isText(1, 100, /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9.-]+)*$/);
const TERM = { first_day: isDay, last_day: isDay }, KIND = one("C", "J");
const PLACE = { status_list: isInt(0, 9999), status_index: isInt(0, 1048575) };
const ISSUED = {
  standard: isSlug, kind: KIND, credential: isHash, ...PLACE, issued_on: isDay, "expires_on?": isDay,
  entries: isList(1, 1, isEntry),
};
const VERSION = { ...ISSUED, version: isInt(2, 99), former: isHash, version_on: isDay };
const REASON = { reason: isReason }, CERTIFICATE = "certificate/ID";
const isPermille = isInt(0, 1000), isKey = isText(1, 24, /^[a-z][a-z0-9_]*$/), isTenths = (low) => isInt(low, 10_000);
const COMPONENT = isMap({ key: isKey, title: isTitle, title_en: isTitle, weight_permille: isPermille,
  max_tenths: isTenths(10), pass_tenths: isTenths(0) });
const STANDARD = isMap({
  id: isSlug, version: isInt(1, 9999), project: isText(3, 3, /^\d{3}$/), title: isTitle, title_en: isTitle,
  stage: isInt(1, 4), kind: KIND, hours: isInt(1, 9999), min_attendance_permille: isPermille,
  components: isList(1, 8, COMPONENT), pass_total_tenths: isPermille, divergence_permille: isPermille,
  evaluators_min: isInt(2, 9),
});
const isStandard = (v) => {
  if (!STANDARD(v)) return false;
  const parts = v.get("components"), each = (name) => parts.map((part) => part.get(name));
  const apart = (name) => new Set(each(name)).size === parts.length;
  return each("weight_permille").reduce((a, b) => a + b) === 1000 && apart("key") && apart("title")
    && !each("key").includes("candidate") && parts.every((part) => part.get("pass_tenths") <= part.get("max_tenths"));
};
const WITNESS = isMap({
  party: isSlug, vkey: isText(1, 300), possession: isText(1, 1000),
  "url?": isText(9, 200, /^https?:\/\/[A-Za-z0-9.:/_~-]+$/),
});
/** Kind: subject, fields, then whose duty; "root" acts wait for a second officer. */
export const FORMS = {
  genesis: ["log", { origin: isOrigin, city: isTitle, city_en: isTitle, rules: one(1),
    keys: isList(3, 3, isMap({ staff: isId, enrolment: isEnrolment })) }, "root"],
  approve: ["statement/HASH", {}, "root"],
  "party-admitted": ["party/SLUG", { role: one("city", "district", "body", "institution", "operator"), name: isTitle,
    name_en: isTitle, region: isText(6, 6, /^31\d{4}$/), "uscc?": isText(18, 18, /^[0-9A-HJ-NPQRTUWXY]{18}$/),
    "code?": isText(3, 3, /^\d{3}$/) }, "root"],
  "admin-appointed": ["party/SLUG", { staff: isId, enrolment: isEnrolment, ...TERM }, "root"],
  "service-key": ["service/WORD", { enrolment: isEnrolment }, "root"],
  "witness-set": ["log", { witnesses: isList(1, 32, WITNESS), quorum: isInt(1, 32), first_day: isDay }, "root"],
  "body-appointed": ["party/SLUG", { projects: isList(1, 64, isSlug), ...TERM }, "root"],
  "party-withdrawn": ["party/SLUG", REASON, "root"], "body-suspended": ["party/SLUG", REASON, "root"],
  "officer-appointed": ["officer/ID", {
    duties: isList(1, 6, one(...DUTIES)), projects: isList(0, 64, isSlug), ...TERM,
  }, "admin"],
  "officer-dismissed": ["officer/ID", REASON, "admin"],
  "key-enrolled": ["officer/ID", { enrolment: isEnrolment }, "admin"],
  "key-revoked": ["key/KID", {
    cause: one("rotated", "left", "lost", "compromised"), "compromised_since?": isSeconds,
  }, "admin"],
  "standard-published": ["standard/SLUG", { document: isStandard }, "standards"],
  "certificate-issued": [CERTIFICATE, { ...ISSUED, class_id: isId, candidate: isId, evaluation: isHash }],
  "certificate-corrected": [CERTIFICATE, { ...VERSION, reason: one("name-corrected", "layout-changed") }],
  "certificate-reissued": [CERTIFICATE, { ...VERSION, reason: one("lost", "damaged", "key-replaced") }],
  "certificate-suspended": [CERTIFICATE, REASON], "certificate-restored": [CERTIFICATE, REASON],
  "certificate-revoked": [CERTIFICATE, REASON],
  "certificate-cancelled": [CERTIFICATE, {
    reason: one("issued-in-error", "duplicate", "holder-deceased", "transferred-out"),
  }],
};
const SUBJECTS = {
  SLUG: "[a-z0-9]+(?:-[a-z0-9]+)*", ID: "[0-9a-f]{32}", HASH: "[0-9a-f]{64}", KID: "[0-9a-f]{16}", WORD: "[a-z]+",
};
const ACT = /^application\/vnd\.malan\.([a-z]+(?:-[a-z]+)*)\.v([1-9]\d{0,2})\+cbor$/;

/** A statement as an act: its leaf's place, its claims, its body in the form of its kind. */
export async function readAct({ seq, time, statement }) {
  const said = readSigned(statement, ACT, { claims: true }), body = decode(said.payload, "act");
  const [, kind, version] = ACT.exec(said.type), [subject, fields] = Object.hasOwn(FORMS, kind) ? FORMS[kind] : [];
  need(said.cti[6] >> 4 === 7 && said.cti[8] >> 6 === 2, "act"); // UUIDv7, RFC 9562
  need(subject && version === "1" && isMap(fields)(body), "act");
  need(new RegExp(`^${subject.replace(/[A-Z]+/, (word) => SUBJECTS[word])}$`).test(said.sub), "act");
  const [hash, about] = [hex(await sha256(statement)), said.sub.split("/")[1]];
  return { ...said, seq, time, kind, hash, about, says: (name) => body.get(name) };
}

const term = (act) => {
  need(act.says("first_day") <= act.says("last_day"), "act");
  return { first: act.says("first_day"), last: act.says("last_day") };
};
export const stands = (world, party) => world.parties.has(party) && !world.parties.get(party).withdrawn;
/** The appointment of a person at a party, if it covers the day. */
export function office(world, party, staff, day) {
  const held = world.offices.get(`${party}/${staff}`);
  return held && held.first <= day && day <= held.last ? held : { duties: [], projects: [] };
}
const holds = (world, party, staff, ...duties) =>
  Boolean(world.offices.get(`${party}/${staff}`)?.duties.some((duty) => duties.includes(duty)));
/** Section 3: a new key, by its own word for this party, person or purpose and log. */
async function enrolled(world, bytes, iss, sub, at) {
  const said = readSigned(bytes, "application/vnd.malan.enrolment.v1+cbor", { claims: true });
  const payload = decode(said.payload, "act");
  need(isMap({ spki: isBytes(1, 200) })(payload), "act");
  const key = await keyOf(payload.get("spki"), "act"), age = at.time / 1000 - said.iat;
  need((await said.holds(key)) && said.iss === iss && said.sub === sub && said.aud === world.origin, "act");
  need(Math.abs(age) <= 30 * DAY && !world.keys.has(key.kid), "act");
  return key;
}

/** Section 2, step 5: refuses, or gives what the act changes once it is in force. */
const RULES = {
  "party-admitted": (world, act) => {
    const role = act.says("role"), code = act.says("code");
    need(!world.parties.has(act.about) && role !== "city" && (role === "body") === Boolean(code), "act");
    return () => world.parties.set(act.about, { role, code, region: act.says("region") });
  },
  "party-withdrawn": (world, act) => {
    need(stands(world, act.about) && act.about !== "city", "act");
    return () => { world.parties.get(act.about).withdrawn = true; };
  },
  "admin-appointed": async (world, act, at) => {
    const staff = hex(act.says("staff"));
    need(stands(world, act.about) && !world.roots.includes(staff), "act");
    const held = { duties: ["admin"], projects: [], ...term(act) };
    const key = await enrolled(world, act.says("enrolment"), act.about, `officer/${staff}`, at);
    return () => {
      world.offices.set(`${act.about}/${staff}`, held);
      world.keys.set(key.kid, { ...key, party: act.about, staff });
    };
  },
  "service-key": async (world, act, at) => {
    const key = await enrolled(world, act.says("enrolment"), "city", act.sub, at);
    need(["checkpoint", "receipt", "status"].includes(act.about), "act");
    need(act.about !== "checkpoint" || key.alg === -8, "act");
    return () => {
      const kept = { ...key, party: "city", purpose: act.about };
      world.keys.set(key.kid, kept);
      (world.services[act.about] ??= []).push(kept);
    };
  },
  "witness-set": async (world, act, at) => {
    const [listed, quorum, last] = [act.says("witnesses"), act.says("quorum"), world.sets.at(-1)], found = [];
    need(2 * quorum > listed.length && quorum <= listed.length && !(last?.first > act.says("first_day")), "act");
    for (const each of listed) {
      const slug = each.get("party"), vkey = await readVkey(each.get("vkey"), 4), known = world.keys.get(vkey.key.kid);
      const note = new TextEncoder().encode(each.get("possession"));
      const seen = await openPossession(note, vkey, world.origin);
      need(stands(world, slug) && world.parties.get(slug).role === "district", "act");
      need(Math.abs(at.time / 1000 - seen) <= 30 * DAY, "act");
      need(!known || (known.witness === slug && !known.revoked), "act");
      found.push({ slug, vkey, url: each.get("url") });
    }
    for (const part of [({ slug }) => slug, ({ vkey }) => hex(vkey.key.raw), ({ vkey }) => vkey.name])
      need(new Set(found.map(part)).size === found.length, "act");
    return () => {
      for (const { slug, vkey } of found) world.keys.set(vkey.key.kid, { ...vkey.key, party: slug, witness: slug });
      const members = found.map(({ slug }) => slug);
      const witnesses = new Map(found.map(({ slug, vkey, url }) => [slug, { ...vkey, url }]));
      const policy = { witnesses, groups: new Map([["districts", { k: quorum, members }]]), quorum: "districts" };
      world.sets.push({ seq: at.seq, first: act.says("first_day"), policy });
    };
  },
  "body-appointed": (world, act) => {
    need(stands(world, act.about) && world.parties.get(act.about).role === "body", "act");
    const appointed = { projects: act.says("projects"), ...term(act), suspended: false };
    return () => world.bodies.set(act.about, appointed);
  },
  "body-suspended": (world, act) => {
    need(stands(world, act.about) && world.bodies.has(act.about), "act");
    return () => { world.bodies.get(act.about).suspended = true; };
  },
  "officer-appointed": (world, act) => {
    const duties = act.says("duties"), held = { duties, projects: act.says("projects"), ...term(act) };
    need(!duties.includes("root") && !duties.includes("admin") && new Set(duties).size === duties.length, "act");
    need(!holds(world, act.iss, act.about, "root", "admin") && !world.roots.includes(act.about), "act");
    return () => world.offices.set(`${act.iss}/${act.about}`, held);
  },
  "officer-dismissed": (world, act, at) => {
    need(serves(world, act, at) && !holds(world, act.iss, act.about, "root", "admin"), "act");
    return () => world.offices.delete(`${act.iss}/${act.about}`);
  },
  "key-enrolled": async (world, act, at) => {
    need(serves(world, act, at), "act");
    const key = await enrolled(world, act.says("enrolment"), act.iss, act.sub, at);
    return () => world.keys.set(key.kid, { ...key, party: act.iss, staff: act.about });
  },
  "key-revoked": (world, act, at) => {
    const key = world.keys.get(act.about), two = isRoot(world, act);
    const [cause, since] = [act.says("cause"), act.says("compromised_since")];
    need(key && (cause === "compromised") === (since !== undefined) && !(since * 1000 > at.time), "act");
    need(two || (key.party === act.iss && key.staff && !world.roots.includes(key.staff)), "act");
    need(two || since === undefined || since * 1000 >= at.time - 7 * DAY * 1000, "act");
    const was = key.revoked, later = was?.cause !== "compromised" || (two && since < was?.since);
    need(!was || (cause === "compromised" && later), "act");
    return () => { key.revoked = { seq: was?.seq ?? at.seq, time: was?.time ?? at.time, cause, since }; };
  },
  "standard-published": (world, act) => {
    const standard = act.says("document");
    need(standard.get("id") === act.about && !world.standards.some((one) => one.get("id") === act.about), "act");
    return () => world.standards.push(standard);
  },
};
/** The person has a duty there today that an admin gives. */
const serves = (world, act, at) => office(world, act.iss, act.about, dayOf(at.time)).duties
  .some((duty) => duty !== "root" && duty !== "admin");
const isRoot = (world, act) => world.roots.includes(world.keys.get(act.kid)?.staff);

async function openPossession(note, vkey, origin) {
  const opened = await openCheckpoint(note, [], [vkey]);
  need(opened.origin === origin && opened.times.has(vkey.line), "act");
  return opened.times.get(vkey.line);
}
/** Section 2, steps 3 and 4, at a place in the log. */
async function signedBy(world, act, at) {
  const key = world.keys.get(act.kid), duty = FORMS[act.kind][2], day = dayOf(at.time);
  need(key?.staff && !key.revoked && key.party === act.iss && stands(world, act.iss), "act");
  const wanted = act.kind === "key-revoked" && isRoot(world, act) ? "root" : duty;
  need((wanted !== "root" && wanted !== "standards") || act.iss === "city", "act");
  need(office(world, act.iss, key.staff, day).duties.includes(wanted) && (await act.holds(key)), "act");
  return key.staff;
}
const isTwo = (world, act) => FORMS[act.kind][2] === "root" || (act.kind === "key-revoked" && isRoot(world, act));

const FAMILIES = { "party-withdrawn": "party-admitted", "body-suspended": "body-appointed" };
async function begin(world, act) {
  need(act.seq === 0 && act.iss === "city" && act.aud === act.says("origin") && !world.parties.size, "act");
  world.origin = act.says("origin");
  world.parties.set("city", { role: "city" });
  for (const each of act.says("keys")) {
    const staff = hex(each.get("staff"));
    const key = await enrolled(world, each.get("enrolment"), "city", `officer/${staff}`, act);
    need(!world.roots.includes(staff), "act");
    world.roots.push(staff);
    world.offices.set(`city/${staff}`, { duties: ["root"], projects: [], first: "0000-00-00", last: "9999-12-31" });
    world.keys.set(key.kid, { ...key, party: "city", staff });
  }
  await signedBy(world, act, act);
}
async function approve(world, act) {
  const waits = world.waiting.get(act.about), staff = await signedBy(world, act, act);
  need(waits && waits.staff !== staff && act.time - waits.act.time <= 7 * DAY * 1000, "act");
  world.waiting.delete(act.about);
  const family = `${FAMILIES[waits.act.kind] ?? waits.act.kind} ${waits.act.sub}`;
  need(!(world.forced.get(family) > waits.act.seq), "act");
  if (waits.act.kind === "genesis") world.genesis = act.about;
  else {
    await signedBy(world, waits.act, act);
    (await RULES[waits.act.kind](world, waits.act, act))();
  }
  world.forced.set(family, act.seq);
}
/** Facts after these acts, which are in the order of the log. */
export async function judge(acts) {
  const world = {
    parties: new Map(), keys: new Map(), offices: new Map(), bodies: new Map(), services: {}, roots: [], standards: [],
    sets: [], said: new Set(), waiting: new Map(), forced: new Map(),
  };
  for (const act of acts) {
    need(act.time < TIME_END && Math.abs(act.iat * 1000 - act.time) <= DAY * 1000, "act");
    need(!world.said.has(hex(act.cti)), "act");
    if (act.kind === "genesis") await begin(world, act);
    need(act.kind in RULES || act.kind === "genesis" || act.kind === "approve", "act");
    need(act.aud === world.origin && (world.genesis || ["genesis", "approve"].includes(act.kind)), "act");
    if (act.kind === "approve") await approve(world, act);
    else {
      const staff = await signedBy(world, act, act);
      const effect = act.kind === "genesis" || (await RULES[act.kind](world, act, act));
      if (isTwo(world, act)) world.waiting.set(act.hash, { act, staff });
      else effect();
    }
    world.said.add(hex(act.cti));
  }
  return world;
}
