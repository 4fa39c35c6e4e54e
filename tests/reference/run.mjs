/** The reference verifier before the cases of tests/vectors: `node tests/reference/run.mjs [id ...]`.
 *
 * One line for each answer that is not the expected one, and a count; exit code 1 if there is any.
 */
import { readFileSync } from "node:fs";
import { openBundle } from "./bundle.mjs";
import { Refused } from "./ledger.mjs";
import { verify } from "./reference.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf-8"));
const base64 = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const { cases } = read("cases.json"), evidence = read("evidence.json"), wanted = process.argv.slice(2);
const joined = (pieces, model) =>
  Uint8Array.from(pieces.flatMap((one) => [...(typeof one === "string" ? base64(one) : model.slice(...one))]));
const early = joined(evidence.bundles.early), opened = new Map();
const model = Uint8Array.from([...early, ...joined(evidence.bundles.two, early)]);

/** Many cases share a bundle. */
function trustOf({ bundle, pin, lists = [] }) {
  const name = JSON.stringify([bundle, pin, lists]);
  if (!opened.has(name)) {
    const tokens = lists.map((one) => base64(evidence.lists[one]));
    opened.set(name, openBundle(joined(evidence.bundles[bundle], model), pin, tokens).catch((error) => error));
  }
  return opened.get(name);
}
const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
async function show({ context, text, cose }) {
  const trust = await trustOf(context), proof = (name) => new TextEncoder().encode(evidence.proofs[name]);
  const input = {
    trust: trust instanceof Refused ? Promise.reject(trust) : trust,
    ...(text === undefined ? { credential: unhex(cose) } : { text }),
    proof: context.proof && proof(context.proof), later: (context.later ?? []).map(proof), now: context.clock,
    noneLogged: context.none_logged, requireProof: context.require_proof,
  };
  const { steps, told, ...verdict } = await verify(input);
  return { said: { ...steps, ...verdict }, told };
}

let [shown, different] = [0, 0];
for (const one of cases) {
  const { picture: pictured, ...expected } = one.expected; // no eyes: the text is what a scanner read
  if (pictured === false || (wanted.length && !wanted.includes(one.id))) continue;
  const { said, told } = await show(one);
  if (one.claims) [expected.told, said.told] = [JSON.stringify(one.claims), JSON.stringify(told)];
  shown += 1;
  for (const field of new Set([...Object.keys(expected), ...Object.keys(said)])) {
    if (expected[field] === said[field]) continue;
    different += 1;
    console.log(`${one.id} ${field}: expected ${expected[field]}, said ${said[field]}`);
  }
}
console.log(`${shown} cases, ${different} differences`);
process.exitCode = shown && !different ? 0 : 1;
