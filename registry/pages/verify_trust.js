/**
 * The trust this page judges by: the bundle of now, opened against what this browser remembers, and the part of the
 * body a certificate names. What was opened is remembered (the pin) and kept, the other parts are brought beside it, so
 * that later checks ask for less and the page works without a network.
 */

import { MalanError, Unavailable } from "/js/ledger/errors.js";
import { BYTES_MAX, unpack } from "/js/issuers/bundle.js";
import { openTrust, openTrustFile, pinOf } from "/js/verify/trust.js";
import { askBytes } from "/assets/verify_ask.js";

/** @typedef {import("/js/verify/trust.js").Trust} Trust */

const PIN = "malan.pin";
const BUNDLE = "/trust/bundle.cbor";
const WHOLE = "/trust.cbor";
const KEPT = "malan-trust"; // the bundle there is read by service_worker.js
const FEW = 40; // more parts than these come faster in one file
const WHOLE_WAIT_MS = 300_000;

let keeping = Promise.resolve();

/**
 * The trust in the bundle of now, which is remembered and kept. A refusal for another genesis than the one remembered
 * carries that one, so that a person can compare it.
 * @returns {Promise<Trust>}
 */
export async function trustNow() {
  const raw = await askBytes(BUNDLE, { bytesMax: BYTES_MAX });
  try {
    const trust = await openTrust(raw, { bring, pin: rememberedPin() });
    if (await remember(trust)) await keepBundle(raw);
    return trust;
  } catch (error) {
    if (error.code === "TRUST_GENESIS") error.genesis = (await openTrust(raw, { bring })).bundle.genesis;
    throw error;
  }
}

/**
 * Keeps the parts that were looked at, then brings all others; gives the trust of which all is kept in the end. Throws
 * where something could not be had, or nothing can be kept.
 * @param {Trust} trust
 * @param {{onMissing?: () => void}} [told]
 * @returns {Promise<Trust>}
 */
export function keepParts(trust, { onMissing = () => {} } = {}) {
  const kept = keeping.catch(() => {}).then(() => keepAll(trust, onMissing)); // one after the other
  keeping = kept;
  return kept;
}

/** What this browser remembers of the log, or null. @returns {import("/js/verify/trust.js").Pin | null} */
export function rememberedPin() {
  try {
    const pin = JSON.parse(localStorage.getItem(PIN) ?? "null");
    if (typeof pin?.genesis !== "string" || !Number.isSafeInteger(pin.size)) return null;
    // One without bodies is older than parts are: its acts were those of all bodies together.
    return pin.bodies === undefined ? { ...pin, acts: null, bodies: null } : pin;
  } catch {
    return null;
  }
}

/** Forgets it; the next check begins anew, as on a first visit. */
export function forgetPin() {
  localStorage.removeItem(PIN);
}

/** Whether this bundle is the newest that this browser saw: another page of it may be ahead. */
async function remember(trust) {
  const pin = await pinOf(trust);
  const known = rememberedPin();
  if (known !== null && known.size > pin.size) return false;
  try {
    localStorage.setItem(PIN, JSON.stringify(pin));
  } catch {
    // storage is forbidden or full: then every visit is a first one, and step 3 says so
  }
  return true;
}

/** Only what was opened is kept, and after the pin, so that what the network's absence brings back is never older. */
async function keepBundle(raw) {
  try {
    await put(await caches.open(KEPT), BUNDLE, raw);
  } catch {
    // no storage: then there is nothing without a network
  }
}

async function keepAll(trust, onMissing) {
  await remember(trust);
  const cache = await caches.open(KEPT);
  for (const [hash, raw] of trust.parts.looked) await put(cache, addressOf(hash), raw);
  let missing = await missingIn(cache, trust);
  if (missing.length > 0) onMissing();
  if (missing.length > FEW) {
    trust = await wholeFile();
    missing = await missingIn(cache, trust);
  }
  try {
    for (const body of missing) await put(cache, addressOf(body.acts), await trust.parts.look(body));
  } finally {
    await remember(trust);
  }
  await tidy(cache, trust);
  return trust;
}

/** Perhaps of a newer bundle; then that one is kept from now on. */
async function wholeFile() {
  const raw = await askBytes(WHOLE, { bytesMax: BYTES_MAX, waitMs: WHOLE_WAIT_MS, priority: "low" });
  const trust = await openTrustFile(raw, { pin: rememberedPin() });
  if (await remember(trust)) await keepBundle(unpack(raw).signed);
  return trust;
}

/** The bodies whose part is not kept, or not remembered. */
async function missingIn(cache, { bundle, parts }) {
  const [kept, told] = [new Set(await keptIn(cache)), await parts.told()];
  return (bundle.bodies ?? []).filter(({ code, acts }) => !kept.has(addressOf(acts)) || told[code]?.[1] !== acts);
}

/** Lets go of what the bundle does not name, unless another page of this browser has a newer one. */
async function tidy(cache, { bundle }) {
  if (rememberedPin()?.size !== bundle.size) return;
  const named = new Set([BUNDLE, ...(bundle.bodies ?? []).map(({ acts }) => addressOf(acts))]);
  for (const path of await keptIn(cache)) if (!named.has(path)) await cache.delete(path);
}

async function keptIn(cache) {
  return (await cache.keys()).map(({ url }) => new URL(url).pathname);
}

async function bring(hash) {
  const path = addressOf(hash);
  try {
    const kept = await caches.open(KEPT).then((cache) => cache.match(path)).catch(() => undefined);
    if (kept !== undefined) return new Uint8Array(await kept.arrayBuffer());
    return await askBytes(path, { bytesMax: BYTES_MAX });
  } catch (error) {
    if (!(error instanceof MalanError)) throw error;
    throw new Unavailable("PART_MISSING", "what the log says of this body could not be had");
  }
}

function addressOf(hash) {
  return `/trust/${hash}.cbor`;
}

function put(cache, path, raw) {
  return cache.put(path, new Response(raw, { headers: { "content-type": "application/cbor" } }));
}
