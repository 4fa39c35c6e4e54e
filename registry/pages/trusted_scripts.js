/**
 * The two workers a page of ours may start, and no other: the one Trusted Types policy of these pages. Whoever got text
 * into a page could name no third address, and cannot make the policy again.
 */

const READER = "/assets/scan_worker.js";
const KEEPER = "/service-worker.js";
const ADDRESSES = [READER, KEEPER];

function allowed(address) {
  if (!ADDRESSES.includes(address)) throw new TypeError("not a worker of ours");
  return address;
}

const policy = globalThis.trustedTypes?.createPolicy("malan", { createScriptURL: allowed }) ?? { createScriptURL: allowed };

/** The worker that reads QR codes. @returns {Worker} */
export function startReader() {
  return new Worker(policy.createScriptURL(READER));
}

/** The worker that keeps the page for when the network is off. @returns {Promise<ServiceWorkerRegistration>} */
export function startKeeper() {
  return navigator.serviceWorker.register(policy.createScriptURL(KEEPER), { scope: "/" });
}
