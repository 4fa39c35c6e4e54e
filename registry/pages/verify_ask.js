/** Asks the service without saying who or where from; whatever goes wrong is Unavailable. */

import { Unavailable } from "/js/ledger/errors.js";

const WAIT_MS = 20_000;

/**
 * The answer, which is a good one, or with `missing` a 404.
 * @param {string} path
 * @param {{missing?: boolean, waitMs?: number} & RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function ask(path, { missing = false, waitMs = WAIT_MS, ...options } = {}) {
  let response;
  try {
    const quiet = { credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };
    response = await fetch(path, { ...quiet, signal: AbortSignal.timeout?.(waitMs), ...options });
  } catch {
    throw unreachable();
  }
  if (response.status === 429) throw new Unavailable("REMOTE_BUSY", "asked too often: wait a minute");
  if (!response.ok && !(missing && response.status === 404)) {
    throw new Unavailable("REMOTE_REFUSED", `the service answers ${response.status}`);
  }
  return response;
}

/**
 * As `ask`, the bytes of a good answer.
 * @param {string} path
 * @param {{bytesMax: number, waitMs?: number} & RequestInit} options
 */
export async function askBytes(path, { bytesMax, ...options }) {
  const answer = await ask(path, options);
  let raw;
  try {
    raw = new Uint8Array(await answer.arrayBuffer());
  } catch {
    throw unreachable(); // it broke off
  }
  if (raw.length > bytesMax) throw new Unavailable("REMOTE_SIZE", "the service sent too much");
  return raw;
}

export function unreachable() {
  return new Unavailable("REMOTE_UNREACHABLE", "the service does not answer");
}
