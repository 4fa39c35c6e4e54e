/**
 * What this browser keeps for its officer: key pairs nobody can take out of it, and signed claims not answered yet.
 *
 * A private key is a WebCrypto key that cannot be exported, in IndexedDB: it is lost with the browser's profile. A
 * waiting claim holds personal data, so it is sealed under a key that cannot be exported either.
 *
 * @typedef {{kid: string, pair: CryptoKeyPair, party: string, staff: string, log: string, name: string,
 *            made: number}} Kept
 */

import { concat, fromUtf8, utf8 } from "/js/ledger/bytes.js";
import { Problem } from "/assets/session.js";

const NAME = "malan";
const VERSION = 1;
const AES = { name: "AES-GCM", length: 256 };

/** Whether this address has cryptography at all: plain http has none, but on the machine itself. */
export function hasCryptography() {
  return globalThis.crypto?.subtle !== undefined;
}

/** Every key of this browser, oldest first. @returns {Promise<Kept[]>} */
export async function listKeys() {
  const kept = await run("keys", "readonly", (store) => store.getAll());
  return kept.sort((one, other) => one.made - other.made);
}

/** The key with this kid, or null. @param {string} kid @returns {Promise<Kept | null>} */
export async function keyOf(kid) {
  return (await run("keys", "readonly", (store) => store.get(kid))) ?? null;
}

/** @param {Kept} kept */
export async function addKey(kept) {
  await run("keys", "readwrite", (store) => store.add(kept));
  // Asked for once there is something to lose; a browser may say no, and clears such data when space is short.
  await navigator.storage?.persist?.().catch(() => false);
}

/** @param {string} kid */
export function removeKey(kid) {
  return run("keys", "readwrite", (store) => store.delete(kid));
}

/** Whether the browser promised not to clear it by itself. */
export async function isPersistent() {
  return (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
}

/**
 * Keeps what was signed before it is sent, so that a retry sends the same bytes.
 * @param {{id: string, kid: string, kind: string, made: number}} about nothing personal
 * @param {string} body
 */
export async function putWaiting(about, body) {
  const key = await crypto.subtle.generateKey(AES, false, ["encrypt", "decrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: AES.name, iv }, key, utf8(body)));
  await run("waiting", "readwrite", (store) => store.put({ ...about, key, sealed: concat(iv, sealed) }));
}

/** What waits for an answer, oldest first, its body opened. */
export async function listWaiting() {
  const found = await run("waiting", "readonly", (store) => store.getAll());
  const opened = found.map(async ({ key, sealed, ...about }) => {
    const iv = sealed.slice(0, 12);
    const plain = await crypto.subtle.decrypt({ name: AES.name, iv }, key, sealed.slice(12));
    return { ...about, body: fromUtf8(new Uint8Array(plain)) };
  });
  return (await Promise.all(opened)).sort((one, other) => one.made - other.made);
}

/** @param {string} id */
export function dropWaiting(id) {
  return run("waiting", "readwrite", (store) => store.delete(id));
}

/** Offers bytes to be saved as a file. @param {string} name @param {Uint8Array | string} data @param {string} type */
export function saveFile(name, data, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function run(name, mode, what) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = what(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function open() {
  return new Promise((resolve, reject) => {
    let request;
    try {
      request = indexedDB.open(NAME, VERSION);
    } catch {
      reject(new Problem(400, "NO_STORE"));
      return;
    }
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys", { keyPath: "kid" });
      request.result.createObjectStore("waiting", { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Problem(400, "NO_STORE"));
  });
}
