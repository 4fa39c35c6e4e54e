/**
 * Brings together what a check needs: the trust of now, and the log's answer. As `verify/gather.py`. The fragment of
 * an address never leaves this page. What is asked for is the bundle; the acts of the body whose code stands in the
 * number, unless they are kept here, which tells of which body a certificate is looked at and no more; and only after
 * the signature held, whole status lists and the public answer to a code.
 */

import { fromBase64Url } from "/js/ledger/bytes.js";
import { MalanError } from "/js/ledger/errors.js";
import { check } from "/js/verify/check.js";
import { withList } from "/js/verify/trust.js";
import { couldNotTrust } from "/js/verify/verdict.js";
import { ask, askBytes, unreachable } from "/assets/verify_ask.js";
import { trustNow } from "/assets/verify_trust.js";

const LIST_BYTES_MAX = 2 ** 20;
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
  let [trust, verdict] = [null, null];
  try {
    [trust, verdict] = await firstVerdict(evidence, { now, words });
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    return { verdict: couldNotTrust(error, words, now), trust: null, notes, genesis: error.genesis ?? null };
  }
  if (verdict.facts === null) return { verdict, trust, notes }; // nothing to ask about: the signature did not hold
  if (verdict.status_fresh !== true) trust = await newerList(trust, notes);
  const known = verdict.complete && !LIVED.includes(verdict.state);
  const answer = known ? {} : await logAnswer(verdict.facts.code, notes);
  verdict = await check({ ...evidence, ...answer }, trust, { now, words });
  return { verdict, trust, notes };
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

/** What the bundle and the evidence alone say. */
async function firstVerdict(evidence, how) {
  const trust = await trustNow();
  const verdict = await check(evidence, trust, how);
  if (verdict.code !== "PART_MISSING") return [trust, verdict];
  const newer = await trustNow(); // perhaps it came meanwhile, and parts of the former one are no longer given out
  return newer.bundle.size > trust.bundle.size ? [newer, await check(evidence, newer, how)] : [trust, verdict];
}

/** The whole list is asked for, so nobody learns which certificate is looked at. */
async function newerList(trust, notes) {
  const numbers = [...trust.lists.keys()];
  try {
    for (const number of numbers) {
      trust = await withList(trust, await askBytes(`/status/${number}`, { bytesMax: LIST_BYTES_MAX }));
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
