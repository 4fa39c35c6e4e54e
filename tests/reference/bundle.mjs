/** Status list and trust bundle, issuers/SPEC.md sections 6 and 7, and the terms of L13.
 *
 * Part of the reference verifier (reference.mjs). Opening answers with what the bundle lets one believe, or refuses.
 */
import { judge, readAct } from "./acts.mjs";
import {
  decode, encode, hex, isBytes, isInt, isList, isMap, isText, need, openCheckpoint, readCheckpoint, readPolicy,
  readSigned, readVkey, same, satisfied, sha256, sure,
} from "./ledger.mjs";

/** L13: policies, each with the size above which it judges; `logs` are all checkpoint keys ever in force. */
export async function terms(world, handovers, logs, now) {
  const nobody = { witnesses: new Map(), groups: new Map(), quorum: "none" };
  const start = (set) => Date.parse(`${set.first}T00:00:00+08:00`) / 1000;
  const found = [{ above: -1, policy: nobody, next: 0 }], sets = world.sets;
  if (sets.length && start(sets[0]) <= now) found.push({ above: sets[0].seq, policy: sets[0].policy, next: 1 });
  const notes = handovers.map((bytes) => ({ bytes, size: readCheckpoint(bytes).size }));
  for (const { bytes, size } of notes.sort((a, b) => a.size - b.size)) {
    const last = found.at(-1);
    if (found.length < 2 || size <= last.above) continue;
    const { times } = await openCheckpoint(bytes, logs, [...last.policy.witnesses.values()]);
    const agreed = (set) => satisfied(last.policy, times, (time) => time >= start(set));
    const next = sets.findLastIndex((set, i) => i >= last.next && set.seq < size && agreed(set));
    if (next >= 0) found.push({ above: size, policy: sets[next].policy, next: next + 1 });
  }
  return found;
}
/** The policy that judges a checkpoint of this size. */
export const judges = (found, size) =>
  (found.length > 1 && size <= found[1].above ? found[1] : found.findLast((each) => each.above < size)).policy;

/** Section 5: an origin, in its one spelling. */
function isOrigin(v) {
  const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  const form = `^(https?)://(${label}(?:\\.${label})*)(?::([1-9]\\d{0,4}))?$`;
  const [, scheme, host, port] = (isText(1, 100)(v) && new RegExp(form).exec(v)) || [];
  if (!host || port > 65_535 || port === { https: "443", http: "80" }[scheme]) return false;
  if (/(?:^|\.)xn--/.test(host)) return false;
  const numbers = host.split("."), byte = (one) => /^(?:0|[1-9]\d{0,2})$/.test(one) && one <= 255;
  const dotted = numbers.length === 4 && numbers.every(byte), [a, b] = numbers.map(Number);
  if (/(?:^|\.)\d+$/.test(host) && !dotted) return false;
  const near = dotted && (a === 127 || a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168));
  return host === "localhost" || near || (scheme === "https" && (dotted || numbers.length > 1));
}
const isSeconds = isInt(0, 2 ** 40 - 1);
const LIST_BYTES = 266_240;
const LIST = isMap({
  2: isText(1, 1e4), 6: isSeconds, 65534: isInt(1, 604_800), "-70002": isList(2, 2, isInt(0, 2 ** 53)),
  65533: isMap({ bits: (v) => v === 2, lst: isBytes(1, LIST_BYTES) }),
});
async function readList(token, key) {
  const signed = readSigned(token, "application/statuslist+cwt", { label: 16, limit: LIST_BYTES });
  const said = decode(signed.payload, "list", LIST_BYTES);
  need(LIST(said) && (await signed.holds(key)), "list");
  const inflated = new Blob([said.get(65533).get("lst")]).stream().pipeThrough(new DecompressionStream("deflate"));
  const places = new Uint8Array(await sure(() => new Response(inflated).arrayBuffer(), "list"));
  need(places.length === 262_144, "list");
  const [number, size] = said.get(-70002), at = (index) => (places[index >> 2] >> (2 * (index & 3))) & 3;
  return { number, size, iat: said.get(6), ttl: said.get(65534), at };
}
const isAct = isMap({ seq: isInt(0, 2 ** 53), time_ms: isInt(0, 2 ** 53), statement: isBytes(1, 65_535) });
const BUNDLE = isMap({
  origin: isText(1, 100), genesis: isBytes(32), size: isInt(1, 2 ** 40), made_at: isInt(0, 2 ** 40),
  log_vkey: isText(1, 300), policy: isText(1, 20_000),
  hosts: isList(1, 20, isOrigin), acts: isList(1, 1e6, isAct), checkpoint: isBytes(1, 1e6),
  lists: isList(0, 64, isMap({ number: isInt(0, 9999), token: isBytes(1, LIST_BYTES) })),
  "handovers?": isList(1, 1000, isBytes(1, 1e6)),
});
/** What the bundle lets one believe. `pin`: genesis (hex), and perhaps the size and the policy's text seen last. */
export async function openBundle(bytes, pin = {}, alone = []) {
  const limit = 16 * 2 ** 20, signed = readSigned(bytes, "application/vnd.malan.bundle.v1+cbor", { limit });
  const said = decode(signed.payload, "bundle", limit);
  need(BUNDLE(said), "bundle");
  const [origin, size, made, hosts] = ["origin", "size", "made_at", "hosts"].map((name) => said.get(name));
  const acts = [], lists = new Map();
  for (const one of said.get("acts")) {
    acts.push(await readAct({ seq: one.get("seq"), time: one.get("time_ms"), statement: one.get("statement") }));
    const [last, act] = acts.slice(-2);
    need(!act || (last.seq < act.seq && last.time <= act.time), "bundle");
  }
  need(acts.at(-1).seq < size, "bundle");
  const world = await judge(acts), { status, checkpoint } = world.services;
  need(world.genesis === hex(said.get("genesis")) && world.origin === origin, "bundle");
  for (const keys of [status, checkpoint]) need(keys && !keys.at(-1).revoked, "bundle"); // the last one is in force
  need(await signed.holds(status.at(-1)), "bundle");
  for (const one of said.get("lists")) {
    const list = await readList(one.get("token"), status.at(-1));
    need(list.number === one.get("number") && list.size === size && !lists.has(list.number), "bundle");
    lists.set(list.number, list);
  }
  const log = await readVkey(said.get("log_vkey"), 1), policy = await readPolicy(said.get("policy"));
  need(log.name === origin && log.key.kid === checkpoint.at(-1).kid, "bundle");
  need(!policy.logs.length || policy.logs.some((one) => one.line === log.line), "bundle");
  const logs = await Promise.all(checkpoint.map((key) => logKey(origin, key)));
  const ruled = await terms(world, said.get("handovers") ?? [], logs, made);
  need(same(policy, ruled.at(-1).policy), "bundle");
  const head = await openCheckpoint(said.get("checkpoint"), [log], [...judges(ruled, size).witnesses.values()]);
  need(head.origin === origin && head.size === size, "bundle");
  need(!pin.genesis || pin.genesis === world.genesis, "bundle");
  need(!(size < pin.size) && !(size === pin.size && pin.root && pin.root !== hex(head.root)), "bundle");
  if (pin.acts) {
    const seen = said.get("acts").filter((one) => one.get("seq") < pin.size);
    const told = seen.map((one) => ["seq", "time_ms", "statement"].map((name) => one.get(name)));
    need(pin.acts === hex(await sha256(encode(told))), "bundle");
  }
  if ((pin.policy ?? null) !== null && pin.policy !== said.get("policy")) {
    const former = await readPolicy(pin.policy);
    const seen = await openCheckpoint(said.get("checkpoint"), [log], [...former.witnesses.values()]);
    need(ruled.some((each) => same(each.policy, former)) || satisfied(former, seen.times), "bundle");
  }
  for (const token of alone) {
    const list = await readList(token, status.at(-1)), old = lists.get(list.number);
    if (list.size >= size && !(list.iat < old?.iat)) lists.set(list.number, list);
  }
  // What was true at a moment: the first so many acts, judged once for all who ask.
  const known = [], after = (count) => (known[count] ??= judge(acts.slice(0, count)));
  const facts = (fits) => after(acts.filter(fits).length);
  return { facts, world, origin, size, hosts, lists, head, ruled, logs: logs.filter((_, i) => trusted(checkpoint, i)) };
}
const trusted = (keys, i) => i === keys.length - 1 || !["lost", "compromised"].includes(keys[i].revoked?.cause);
async function logKey(name, key) {
  const raw = Uint8Array.of(1, ...key.raw), hash = await sha256(new TextEncoder().encode(`${name}\n`), raw);
  return readVkey(`${name}+${hex(hash.slice(0, 4))}+${btoa(String.fromCharCode(...raw))}`, 1);
}

