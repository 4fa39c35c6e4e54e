/**
 * Brings together what a check needs: the bundle, opened against what this browser remembers; the log's answer. As
 * `verify/gather.py`. The fragment of an address never leaves this page: what is asked for is the bundle, a whole status
 * list, and the public answer to a code, and only after the signature held.
 */

import { fromBase64Url } from "/js/ledger/bytes.js";
import { MalanError, Unavailable } from "/js/ledger/errors.js";
import { check } from "/js/verify/check.js";
import { openTrust, pinOf, withList } from "/js/verify/trust.js";
import { couldNotTrust } from "/js/verify/verdict.js";

const PIN = "malan.pin";
const TRUST = "/trust.cbor";
const KEPT = "malan-trust"; // read by service_worker.js
const TRUST_BYTES_MAX = 16 * 2 ** 20;
const WAIT_MS = 20_000;
const LIFE_MAX = 16;
// Of these the log can say more than the list does, also where the proof came with a PDF.
const LIVED = ["revoked", "superseded", "suspended"];

/** Whether this browser can check by itself: without a secure context there is no WebCrypto. */
export function canCheck() {
  return globalThis.crypto?.subtle !== undefined;
}

/** The sentences of verdicts, from `verify/words.py`. */
export async function wordsOf() {
  return (await ask("/assets/words.json")).json();
}

/**
 * The verdict on evidence, with the trust it rests on and notes [zh, en] on what could not be had; `genesis` is that of
 * a bundle refused because another one is remembered.
 * @param {import("/js/verify/check.js").Evidence} evidence
 * @param {any} words
 * @returns {Promise<{verdict: any, trust: any, notes: [string, string][], genesis?: string | null}>}
 */
export async function verdictOn(evidence, words) {
  const now = Math.floor(Date.now() / 1000);
  const notes = [];
  let trust;
  try {
    trust = await trustOf();
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    return { verdict: couldNotTrust(error, words, now), trust: null, notes, genesis: error.genesis ?? null };
  }
  let verdict = await check(evidence, trust, { now, words });
  if (verdict.facts === null) return { verdict, trust, notes }; // nothing to ask about: the signature did not hold
  if (verdict.status_fresh !== true) trust = await newerList(trust, notes);
  const known = verdict.complete && !LIVED.includes(verdict.state);
  const answer = known ? {} : await logAnswer(verdict.facts.code, notes);
  verdict = await check({ ...evidence, ...answer }, trust, { now, words });
  return { verdict, trust, notes };
}

/** The trust of now, so that it is kept for when the network is off. */
export function prepare() {
  return trustOf();
}

/** The public answer to a code: {found: answer} or {found: null}; throws Unavailable when nobody answers. */
export async function publicAnswer(code) {
  const response = await ask(`/api/certificates/${code}`, { missing: true });
  if (response.status === 404) {
    const told = await response.json().catch(() => ({}));
    if (typeof told.code !== "string") throw unreachable();
    return { found: null };
  }
  return { found: await response.json() };
}

/** The server's own verdict, for a browser that cannot check. The text is sent there: only after a click. */
export async function serversVerdict(text) {
  const body = JSON.stringify({ qr: text });
  const options = { method: "POST", headers: { "content-type": "application/json" }, body };
  return (await ask("/api/verify", options)).json();
}

/** What this browser remembers of the log, or null. */
export function rememberedPin() {
  try {
    const pin = JSON.parse(localStorage.getItem(PIN) ?? "null");
    return typeof pin?.genesis === "string" && Number.isSafeInteger(pin.size) ? pin : null;
  } catch {
    return null;
  }
}

/** Forgets it; the next check begins anew, as on a first visit. */
export function forgetPin() {
  localStorage.removeItem(PIN);
}

async function trustOf() {
  const response = await ask(TRUST);
  const raw = new Uint8Array(await response.arrayBuffer());
  if (raw.length > TRUST_BYTES_MAX) throw new Unavailable("REMOTE_SIZE", "the service sent too much");
  const trust = await opened(raw);
  try {
    localStorage.setItem(PIN, JSON.stringify(await pinOf(trust)));
  } catch {
    // storage is forbidden or full: then every visit is a first one, and step 3 says so
  }
  await keep(raw);
  return trust;
}

/** Only what was opened is kept, and after the pin, so that what the network's absence brings back is never older. */
async function keep(raw) {
  try {
    const cache = await caches.open(KEPT);
    await cache.put(TRUST, new Response(raw, { headers: { "content-type": "application/cbor" } }));
  } catch {
    // no storage: then there is nothing without a network
  }
}

/** Against what is remembered. A refusal for another genesis carries that one, so that a person can compare it. */
async function opened(raw) {
  try {
    return await openTrust(raw, { pin: rememberedPin() });
  } catch (error) {
    if (error.code === "TRUST_GENESIS") error.genesis = (await openTrust(raw)).bundle.genesis;
    throw error;
  }
}

/** The whole list is asked for, so nobody learns which certificate is looked at. */
async function newerList(trust, notes) {
  const numbers = [...trust.lists.keys()];
  try {
    for (const number of numbers) {
      const response = await ask(`/status/${number}`);
      trust = await withList(trust, new Uint8Array(await response.arrayBuffer()));
    }
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    notes.push([`状态列表未能更新（${error.code}）。`, `The status list was not updated (${error.code}).`]);
  }
  return trust;
}

async function logAnswer(code, notes) {
  try {
    const { found } = await publicAnswer(code);
    if (found === null) return { askedLog: true };
    if (found.proof !== null) return { proof: fromBase64Url(found.proof), life: await lifeOf(found, notes) };
    notes.push(["账本尚未公布此证的证明，请稍后再核验。", "The log has not published the proof yet; check again later."]);
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    notes.push([`未能查询账本（${error.code}）。`, `The log could not be asked (${error.code}).`]);
  }
  return {};
}

/** The proofs of what was said of the certificate later: they explain a state, and say which version is in force. */
async function lifeOf(found, notes) {
  const seqs = (found.life ?? []).filter((seq) => Number.isSafeInteger(seq) && seq >= 0).slice(-LIFE_MAX);
  try {
    const answers = await Promise.all(seqs.map((seq) => ask(`/log/proof/${seq}`, { missing: true })));
    const there = answers.filter(({ status }) => status !== 404); // not published yet
    return await Promise.all(there.map(async (one) => new Uint8Array(await one.arrayBuffer())));
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    notes.push([`未能查询后续记载（${error.code}）。`, `What was said later could not be asked (${error.code}).`]);
    return [];
  }
}

async function ask(path, { missing = false, ...options } = {}) {
  let response;
  try {
    const quiet = { credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };
    response = await fetch(path, { ...quiet, signal: AbortSignal.timeout?.(WAIT_MS), ...options });
  } catch {
    throw unreachable();
  }
  if (response.status === 429) throw new Unavailable("REMOTE_BUSY", "asked too often: wait a minute");
  if (!response.ok && !(missing && response.status === 404)) {
    throw new Unavailable("REMOTE_REFUSED", `the service answers ${response.status}`);
  }
  return response;
}

function unreachable() {
  return new Unavailable("REMOTE_UNREACHABLE", "the service does not answer");
}
