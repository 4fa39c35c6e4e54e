/** Shows the cases of tests/vectors to the page's own modules (`page`, `pictures`) and to the reference verifier.
 *
 * Laid beside the pages by test_cases_js.py. Each answers with what it says of each case, stage by stage.
 */
const of64 = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const bytes = (text) => (text === null ? null : of64(text));

/** `open` once for cases that share a bundle; a refusal is kept as it is. */
function once(open) {
  const opened = new Map();
  return (one) => {
    const name = JSON.stringify([one.bundle, one.pin, one.lists]);
    if (!opened.has(name)) opened.set(name, open(one).catch((error) => error));
    return opened.get(name);
  };
}

export async function reference(shown) {
  const { verify } = await import("./reference.mjs"), { openBundle } = await import("./bundle.mjs");
  const { Refused } = await import("./ledger.mjs"), all = [];
  const open = once(({ bundle, pin, lists }) => openBundle(of64(bundle), pin ?? {}, lists.map(of64)));
  for (const one of shown) {
    const trust = await open(one), evidence = { text: one.text ?? undefined, credential: bytes(one.credential) };
    if (trust instanceof Error && !(trust instanceof Refused)) throw trust;
    const opened = trust instanceof Refused ? Promise.reject(trust) : trust, later = one.later.map(of64);
    const input = { ...one, ...evidence, trust: opened, proof: bytes(one.proof), later };
    const { steps, told, ...verdict } = await verify(input);
    all.push({ ...steps, ...verdict, told });
  }
  return all;
}

export async function pictures(shown) {
  const { readPicture } = await import("/assets/scan.js"), found = [];
  for (const one of shown) found.push(await readPicture(new Blob([of64(one)], { type: "image/png" })));
  return found;
}

const STEPS = {
  key: 4, signature: 5, code: 6, issuer: 7, time: 8, logged: 9, key_safety: 10, status: 11, witnessed: 12,
};
const MODULES = ["verify/trust", "verify/check", "issuers/qr", "issuers/credential", "ledger/cose", "ledger/cbor"];
/** What `work` gives, or the error of ours that it threw. */
function tried(work) {
  try { return [work(), null]; } catch (error) {
    if (error.code === undefined) throw error;
    return [null, error];
  }
}
function passes(said, names, failed) {
  for (const name of names) if (!(said[name] = name !== failed)) return;
}
function stageOfText({ code, message }) {
  if (code === "QR_OTHER_HOST") return "host";
  if (code === "QR_VERSION" || message.endsWith("path")) return "path";
  return message.includes("digits after #1") ? "digits" : "text";
}
/** Where bytes go wrong that are no credential, by the page's own codec and COSE reader. */
function stageOfBytes(raw, { decode, parseSign1 }) {
  const [outer, spoiled] = tried(() => decode(raw.subarray(1)));
  if (spoiled || raw.length > 348 || raw[0] !== 0xd2 || !Array.isArray(outer) || outer.length !== 4) return "cose";
  if (outer[1].size !== 0 || !(outer[2] instanceof Uint8Array) || outer[3].length !== 64) return "cose";
  const [signed] = tried(() => parseSign1(raw));
  return signed !== null && signed.contentType === 65010 ? "claims" : "header";
}
/** What the readers themselves say of stages 1 and 2; the steps behind them are those of the verdict. */
function stages(said, one, hosts, modules) {
  let raw = bytes(one.credential);
  if (one.text !== null) {
    const [read, error] = tried(() => modules.parseText(one.text, hosts));
    passes(said, ["text", "host", "path", "digits"], error && stageOfText(error));
    raw = read && read.credential;
  }
  if (raw === null) return;
  const [, error] = tried(() => modules.parseCredential(raw));
  passes(said, ["cose", "header", "claims"], error && stageOfBytes(raw, modules));
}

export async function page(shown) {
  const modules = Object.assign({}, ...(await Promise.all(MODULES.map((name) => import(`/js/${name}.js`)))));
  const words = await (await fetch("/assets/words.json")).json(), all = [];
  const open = once(async ({ bundle, pin, lists }) => {
    const told = pin?.bodies && Object.entries(pin.bodies).map(([code, hash]) => [code, [pin.size, hash]]);
    const bodies = told ? Object.fromEntries(told) : null;
    const whole = pin && { size: 0, policy: null, acts: null, root: null, ...pin, bodies };
    let trust = await modules.openTrustFile(of64(bundle), { pin: whole });
    for (const token of lists) trust = await modules.withList(trust, of64(token));
    return trust;
  });
  for (const one of shown) {
    const trust = await open(one), said = { trust: !(trust instanceof Error) };
    all.push(said);
    if (!said.trust) {
      if (trust.code === undefined) throw trust;
      Object.assign(said, { state: "could_not_check", exit: 2, complete: false, final: false });
      continue;
    }
    stages(said, one, trust.bundle.hosts, modules);
    const evidence = { proof: bytes(one.proof), askedLog: one.noneLogged, life: one.later.map(of64) };
    if (one.text === null) evidence.credential = of64(one.credential); else evidence.text = one.text;
    const verdict = await modules.check(evidence, trust, { now: one.now, words, requireProof: one.requireProof });
    if (said.claims) said.part = verdict.steps[2].result === "passed";
    for (const [name, number] of Object.entries(STEPS)) {
      const step = verdict.steps[number - 1];
      if (step.code !== "NOT_REACHED") said[name] = step.result === "passed";
    }
    for (const name of ["state", "exit", "complete", "final"]) said[name] = verdict[name];
    if ("issuer" in said) said.fresh = Boolean(verdict.status_fresh);
    if (verdict.life) said.reason = verdict.life.reason;
  }
  return all;
}

/** One trust of a recorded corpus (`differential.py`), and what is shown under it, before the reference. */
export async function corpus({ blobs, trust, shown }) {
  const { verify } = await import("./reference.mjs"), { openBundle } = await import("./bundle.mjs");
  const { Refused } = await import("./ledger.mjs"), blob = (name) => (name ? of64(blobs[name]) : undefined);
  const lists = trust.list ? [blob(trust.list)] : [], verdicts = [];
  const opened = await openBundle(blob(trust.raw), trust.pin ?? {}, lists).catch((error) => error);
  if (opened instanceof Error && !(opened instanceof Refused)) throw opened;
  if (opened instanceof Error) return { opened: false, verdicts };
  for (const { text, credential, proof, life, asked, require, now } of shown) {
    const evidence = text === null ? { credential: blob(credential) } : { text };
    const how = { trust: opened, now, noneLogged: asked, requireProof: require };
    const said = await verify({ ...evidence, ...how, proof: blob(proof), later: life.map(blob) });
    const steps = Object.entries(said.steps).filter(([name]) => name in STEPS);
    const { state, exit, complete, final } = said;
    verdicts.push({ state, exit, complete, final, ...Object.fromEntries(steps) });
  }
  return { opened: true, verdicts };
}
