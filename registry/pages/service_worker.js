/**
 * Keeps the scanner's page for when the network is off: one version of its files, whole, and the last trust bundle that the
 * page opened and found sound. `self.MALAN_OFFLINE` (version and files) is put in front by the service.
 *
 * It answers for `/` and `/v/…` and the files they load, nothing else; answers about certificates are never kept. It keeps
 * no address: what follows the # sign never leaves the page.
 */

const { version, files } = self.MALAN_OFFLINE;
const KEPT = `malan-${version}`;
const TRUST = "malan-trust"; // written by the page (verify_trust.js), after it opened the bundle
const TRUST_ADDRESS = "/trust/bundle.cbor"; // its parts never change, the page takes them out itself
const TRUST_WAIT_MS = 4_000; // a network that hangs is no network
const OURS = /^\/(?:v\/[^/]*)?$/;
const WORKER = "/assets/scan_worker.js";

async function fill() {
  const cache = await caches.open(KEPT);
  await Promise.all(files.map(async (address) => {
    const answer = await fetch(address, { cache: "no-cache", credentials: "omit", redirect: "error" });
    if (!answer.ok) throw new Error("a file is missing: this version is not kept");
    await cache.put(address, answer);
  }));
  await self.skipWaiting();
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => ![KEPT, TRUST].includes(name)).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request) {
  return (await kept("/")) ?? fetch(request);
}

/** Other pages of the service load some of these files as well: theirs come from the network, with their page. */
async function file(event, address) {
  const client = event.clientId === "" ? undefined : await self.clients.get(event.clientId);
  const path = client === undefined ? WORKER : new URL(client.url).pathname;
  const ours = OURS.test(path) || path === WORKER;
  return (ours ? await kept(address) : undefined) ?? fetch(event.request);
}

async function trust(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout?.(TRUST_WAIT_MS) });
    if (answer.ok) return answer;
  } catch {
    // no network: what was found sound the last time
  }
  const cache = await caches.open(TRUST);
  return (await cache.match(TRUST_ADDRESS)) ?? Response.error();
}

async function kept(address) {
  return (await caches.open(KEPT)).match(address);
}

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    if (OURS.test(pathname)) event.respondWith(page(event.request));
  } else if (pathname === TRUST_ADDRESS) event.respondWith(trust(event.request));
  else if (files.includes(pathname)) event.respondWith(file(event, pathname));
});
