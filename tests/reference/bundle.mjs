/** Part of the reference verifier (reference.mjs): policies and their terms (ledger/SPEC.md L11, L13), status list,
 * trust bundle and parts (issuers/SPEC.md sections 6 and 7).
 */
import { judge, readAct } from "./acts.mjs";
import {
  checked, decode, distinct, hashOf, hex, isBytes, isInt, isList, isMap, isText, isTuple, named, need, one,
  openCheckpoint, readCheckpoint, readSigned, readVkey, refuse, sha256,
} from "./ledger.mjs";

// L11 and L13. A policy is a quorum of witnesses, or of none: L13 knows no other, and the bundle's is one of L13's.
export const satisfied = ({ witnesses, quorum }, times, counts = () => true) =>
  witnesses.filter(({ line }) => times.has(line) && counts(times.get(line))).length >= quorum;
/** A policy as a writer writes it, but for `log` lines. */
function written({ witnesses, quorum }) {
  if (!quorum) return "quorum none";
  const lines = witnesses.map(({ party, line, url }) => ["witness", party, line, ...(url ? [url] : [])]);
  const group = ["group", "districts", quorum, ...witnesses.map(({ party }) => party)];
  return [...lines, group, ["quorum", "districts"]].map((words) => words.join(" ")).join("\n");
}
/** The keys of a text's `log` lines, and its other lines as a writer writes them, with what they say. */
async function readPolicy(source) {
  need(source.endsWith("\n") && !/[\0-\x08\x0b-\x1f\x7f]/.test(source));
  const rows = source.split("\n").map((line) => line.split(/[ \t]+/).filter(Boolean));
  const lines = (word) => rows.filter(([first]) => first === word);
  for (const row of lines("group")) row[2] = { any: 1, all: row.length - 3 }[row[2]] ?? row[2];
  const others = rows.filter(([word]) => word && word !== "log" && word[0] !== "#").map((row) => row.join(" "));
  need(lines("log").every((row) => row.length === 2 || row.length === 3));
  const keys = (word, place, type) => Promise.all(lines(word).map((row) => readVkey(row[place], type)));
  const [logs, witnesses] = [await keys("log", 1, 1), await keys("witness", 2, 4)];
  return { text: others.join("\n"), logs, witnesses, quorum: Number(lines("group")[0]?.[2] ?? 0) };
}
/** L13: policies, each with the size above which it judges; `logs` are all checkpoint keys ever in force. */
async function terms(sets, handovers, logs, now) {
  const start = (set) => Date.parse(`${set.first_day}T00:00+08:00`) / 1000;
  const found = [{ above: -1, policy: { witnesses: [], quorum: 0 }, next: 0 }];
  if (sets.length && start(sets[0]) <= now) found.push({ above: sets[0].seq, policy: sets[0], next: 1 });
  const notes = handovers.map((bytes) => ({ bytes, size: readCheckpoint(bytes).size }));
  for (const { bytes, size } of notes.sort((a, b) => Number(a.size) - Number(b.size))) {
    const last = found.at(-1);
    if (found.length < 2 || size <= last.above) continue;
    const { times } = await openCheckpoint(bytes, logs, last.policy.witnesses);
    const agreed = (set) => satisfied(last.policy, times, (time) => time >= start(set));
    const next = sets.findLastIndex((set, i) => i >= last.next && set.seq < size && agreed(set));
    if (next >= 0) found.push({ above: size, policy: sets[next], next: next + 1 });
  }
  return found;
}
/** The policy that judges a checkpoint of this size. */
export const judges = (found, size) =>
  (found.length > 1 && size <= found[1].above ? found[1] : found.findLast((each) => each.above < size)).policy;

// Section 5: an origin, in its one spelling.
const LABEL = "(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const NEAR = `(?:localhost|(?:(?:127|10)\\.${BYTE}|172\\.(?:1[6-9]|2\\d|3[01])|192\\.168)(?:\\.${BYTE}){2})`;
const FAR = `(?:${BYTE}(?:\\.${BYTE}){3}|(?:${LABEL}\\.)+(?!\\d+(?::|$))${LABEL}|localhost)`;
const ORIGIN = new RegExp(`^(?:https://${FAR}(?!:443$)|http://${NEAR}(?!:80$))(?::(?!0)(\\d{1,5}))?$`);
const isOrigin = (v) => isText(1, 100, ORIGIN)(v) && !(ORIGIN.exec(v)[1] > 65_535);

// Sections 6 and 7.
const isSeconds = isInt(0, 2 ** 40 - 1), isPlace = isInt(0, 2 ** 53), LIST_BYTES = 266_240, BYTES = 2 ** 24;
const LIST = isMap({
  2: isText(1, Infinity), 6: isSeconds, 65534: isInt(1, 604_800), "-70002": isTuple(isPlace, isPlace),
  65533: isMap({ bits: one(2), lst: isBytes(1, LIST_BYTES) }),
});
async function readList(token, key) {
  const signed = readSigned(token, one("application/statuslist+cwt"), { label: 16, limit: LIST_BYTES });
  const { 6: iat, 65534: ttl, 65533: { lst }, "-70002": [number, size] } = checked(LIST, signed.body);
  need(await signed.holds(key));
  const inflated = new Blob([lst]).stream().pipeThrough(new DecompressionStream("deflate"));
  const places = new Uint8Array(await new Response(inflated).arrayBuffer().catch(refuse));
  need(places.length === 262_144);
  return { number, size, iat, ttl, at: (index) => (places[index >> 2] >> (2 * (index & 3))) & 3 };
}
const isStatement = isBytes(1, 65_535), isNote = isBytes(1, 1_000_000);
const BUNDLE = isMap({
  origin: isText(1, 100), genesis: isBytes(32), size: isInt(1, 2 ** 40), made_at: isInt(0, 2 ** 40),
  log_vkey: isText(1, 300), policy: isText(1, 20_000), hosts: isList(1, 20, isOrigin), checkpoint: isNote,
  acts: isList(1, Infinity, isMap({ seq: isPlace, time_ms: isPlace, statement: isStatement })),
  "bodies?": isList(1, 1000, isMap({ code: isText(3, 3, /^\d{3}$/), acts: isBytes(32) })),
  lists: isList(0, 64, isMap({ number: isInt(0, 9999), token: isBytes(1, LIST_BYTES) })),
  "handovers?": isList(1, 1000, isNote),
});
const PART = isList(1, Infinity, isTuple(isPlace, isPlace, isStatement));
const rise = (list) => list.every((each, i) => i === 0 || list[i - 1] < each);
function readPart(bytes, code) {
  const rows = bytes ? checked(PART, decode(bytes)) : [];
  need(rise(rows.map(([seq]) => seq)));
  return rows.map(([seq, time, statement]) => ({ seq, time, statement, code }));
}
/** Judges acts, and answers with the facts of those that fit: the first so many. */
async function replay(rows, size) {
  const acts = await Promise.all(rows.map(readAct)), known = [];
  const facts = (fits = () => true) => {
    const count = acts.filter(fits).length;
    return (known[count] ??= judge(acts.slice(0, count)));
  };
  need(acts.at(-1).seq < size);
  await facts();
  return facts;
}
/** Step 6. */
async function compare(pin, said, { acts, parts, root, ruled, cosigned }) {
  const seen = (rows) => hashOf(rows.filter(({ seq }) => seq < pin.size));
  need(!pin.genesis || pin.genesis === hex(said.genesis));
  need(!(said.size < pin.size) && !(said.size === pin.size && pin.root && pin.root !== hex(root)));
  need(!pin.acts || pin.acts === (await seen(acts)));
  const none = await hashOf([]), codes = pin.bodies ? [...parts.keys(), ...Object.keys(pin.bodies)] : [];
  for (const code of codes) need((pin.bodies[code] ?? none) === (await seen(readPart(parts.get(code)))));
  if (!pin.policy || pin.policy === said.policy) return;
  const former = await readPolicy(pin.policy), isTerm = ruled.some(({ policy }) => written(policy) === former.text);
  need(isTerm || satisfied(former, (await cosigned(former)).times));
}
/** `trust.cbor`, and what it lets one believe. `pin`: genesis (hex), and perhaps what was seen last: size, root, hash
 * of the acts, of those of each part by code (hex), and text of the policy. `alone`: lists fetched alone. */
export async function openBundle(file, pin = {}, alone = []) {
  need(file.length <= BYTES);
  const [bytes, ...files] = checked(isList(1, 1001, isBytes(1, BYTES)), decode(file));
  const signed = readSigned(bytes, one("application/vnd.malan.bundle.v2+cbor"), { limit: BYTES });
  const said = checked(BUNDLE, signed.body), { origin, size, hosts, bodies = [] } = said;
  const parts = new Map(bodies.map(({ code }, i) => [code, files[i]]));
  need(files.length === bodies.length && rise(bodies.map(({ code }) => code)));
  for (const { code, acts } of bodies) need(hex(await sha256(parts.get(code))) === hex(acts));
  const acts = said.acts.map(({ seq, time_ms: time, statement }) => ({ seq, time, statement })), opened = {};
  need(rise(acts.map(({ seq }) => seq)));
  const mixed = (code) => [...acts, ...readPart(parts.get(code), code)].sort((a, b) => a.seq - b.seq);
  const factsFor = async (code) => (opened[code] ??= replay(mixed(code), size));
  const world = await (await factsFor())(), { checkpoint, status } = world.services;
  for (const keys of [checkpoint, status]) need(keys.length && !keys.at(-1).revoked); // the last one is in force
  need(world.genesis === hex(said.genesis) && world.origin === origin && (await signed.holds(status.at(-1))));
  const lists = new Map();
  for (const { number, token } of said.lists) {
    const list = await readList(token, status.at(-1));
    need(list.number === number && list.size === size && !lists.has(number));
    lists.set(number, list);
  }
  const logs = await Promise.all(checkpoint.map((key) => named(key, origin, 1))), log = logs.at(-1);
  const ruled = await terms(world.sets, said.handovers ?? [], logs, said.made_at), last = ruled.at(-1).policy;
  const policy = await readPolicy(said.policy), lines = policy.logs.map(({ line }) => line);
  need(policy.text === written(last) && distinct([...policy.logs, ...last.witnesses].map(({ kid }) => kid)));
  need(said.log_vkey === log.line && (!lines.length || lines.includes(log.line)));
  const cosigned = ({ witnesses }) => openCheckpoint(said.checkpoint, [log], witnesses);
  const head = await cosigned(judges(ruled, size));
  need(head.size === size);
  await compare(pin, said, { acts, parts, root: head.root, ruled, cosigned });
  for (const token of alone) {
    const list = await readList(token, status.at(-1)), old = lists.get(list.number);
    if (list.size >= size && !(list.iat < old?.iat)) lists.set(list.number, list);
  }
  const trusted = logs.filter((key) => key === log || !["lost", "compromised"].includes(key.revoked?.cause));
  return { factsFor, origin, size, hosts, lists, head, ruled, logs: trusted };
}
