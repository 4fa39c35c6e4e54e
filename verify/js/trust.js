/**
 * Trust: an opened bundle with everything in it checked, ready to judge credentials by. As `verify/trust.py`.
 *
 * @typedef {import("/js/ledger/note.js").NoteKey} NoteKey
 * @typedef {{genesis: string, size: number, policy: string | null, acts: string | null, root: string | null}} Pin
 * @typedef {{bundle: import("/js/issuers/bundle.js").Bundle, history: import("/js/verify/history.js").History,
 *            facts: import("/js/issuers/facts.js").MemoryView, logKeys: NoteKey[],
 *            statusKey: import("/js/ledger/keys.js").PublicKey, policy: import("/js/ledger/policy.js").Policy,
 *            terms: import("/js/ledger/succession.js").Term[],
 *            checkpoint: import("/js/ledger/checkpoint.js").OpenedCheckpoint,
 *            lists: Map<number, import("/js/issuers/status.js").StatusList>, pinned: boolean}} Trust
 */

import { equal, hex, sha256 } from "/js/ledger/bytes.js";
import { encode } from "/js/ledger/cbor.js";
import { openCheckpoint } from "/js/ledger/checkpoint.js";
import { BadSignature, Malformed, Refused } from "/js/ledger/errors.js";
import { ED25519_HEAD, EDDSA, publicKey } from "/js/ledger/keys.js";
import { NOTE, noteKey, parseVkey, sameKey } from "/js/ledger/note.js";
import { parsePolicy, sameWitnesses, satisfied } from "/js/ledger/policy.js";
import { policyAt } from "/js/ledger/succession.js";
import { openBundle, serviceKey } from "/js/issuers/bundle.js";
import { checkOrigin } from "/js/issuers/qr.js";
import { openStatusList } from "/js/issuers/status.js";
import { termsOf } from "/js/issuers/witnesses.js";
import { History } from "/js/verify/history.js";


/**
 * The trust in the bytes of trust.cbor.
 * @param {Uint8Array} raw
 * @param {{pin?: Pin | null}} [known] what this browser remembers of the log
 * @returns {Promise<Trust>}
 */
export async function openTrust(raw, { pin = null } = {}) {
  const { bundle, view, steps } = await openBundle(raw);
  bundle.hosts.forEach(checkOrigin);
  const logKeys = await logKeysOf(bundle, view);
  const policy = await parsePolicy(bundle.policy);
  if (policy.logs.length > 0 && !policy.logs.some((key) => sameKey(key, logKeys[0]))) {
    throw new Malformed("TRUST_POLICY", "the witness policy is for another log");
  }
  const terms = await witnessTerms(bundle, view);
  if (!sameWitnesses(policy, terms[terms.length - 1].policy)) {
    throw new Malformed("TRUST_POLICY", "the witness policy is not the one the acts put in force");
  }
  const cosigners = policyAt(terms, bundle.size).witnesses.map(({ key }) => key);
  const checkpoint = await openCheckpoint(bundle.checkpoint, { logKeys: logKeys.slice(0, 1), cosigners });
  if (checkpoint.checkpoint.size !== BigInt(bundle.size)) {
    throw new Malformed("TRUST_CHECKPOINT", "the checkpoint has another size than the bundle");
  }
  const enrolled = serviceKey(view, "status");
  const statusKey = await publicKey(enrolled.alg, enrolled.spki);
  const history = new History(steps);
  const lists = await openLists(bundle, statusKey);
  const trust = { bundle, history, facts: view, logKeys, statusKey, policy, terms, checkpoint, lists, pinned: false };
  return pin === null ? trust : against(trust, pin);
}

/** What to remember of it. @param {Trust} trust @returns {Promise<Pin>} */
export async function pinOf({ bundle, checkpoint }) {
  const acts = await actsHash(bundle, bundle.size);
  return { genesis: bundle.genesis, size: bundle.size, policy: bundle.policy, acts, root: hex(checkpoint.checkpoint.root) };
}

/** The same trust, known to agree with a pin. @param {Trust} trust @param {Pin} pin @returns {Promise<Trust>} */
export async function against(trust, pin) {
  const { bundle, checkpoint } = trust;
  if (pin.genesis !== bundle.genesis) {
    throw new Refused("TRUST_GENESIS", "the bundle has another genesis than the one pinned");
  }
  if (bundle.size < pin.size) throw new Refused("TRUST_OLDER", "the bundle is of a smaller log than one seen before");
  if (bundle.size === pin.size && pin.root !== null && pin.root !== hex(checkpoint.checkpoint.root)) {
    throw new Refused("TRUST_FORK", "the log shows another root at the size seen before");
  }
  if (pin.acts !== null && pin.acts !== (await actsHash(bundle, pin.size))) {
    throw new Refused("TRUST_ACTS", "acts that an earlier bundle told are missing or changed");
  }
  if (pin.policy !== null && pin.policy !== bundle.policy) await checkPolicyChange(trust, await parsePolicy(pin.policy));
  return { ...trust, pinned: true };
}

/** The same trust with a newer status list in place of its own. @param {Trust} trust @param {Uint8Array} token */
export async function withList(trust, token) {
  const list = await openStatusList(token, trust.statusKey);
  const old = trust.lists.get(list.number);
  if (list.size < trust.bundle.size || (old !== undefined && list.issuedAt < old.issuedAt)) {
    throw new Refused("STATUS_OLDER", "the status list is older than the one in the bundle");
  }
  return { ...trust, lists: new Map([...trust.lists, [list.number, list]]) };
}

async function actsHash(bundle, size) {
  const acts = bundle.acts.filter(({ seq }) => seq < size);
  return hex(await sha256(encode(acts.map(({ seq, time_ms: timeMs, statement }) => [seq, timeMs, statement]))));
}

/** The checkpoint key in force, then former ones that were not lost or compromised. */
async function logKeysOf(bundle, view) {
  const inForce = serviceKey(view, "checkpoint");
  const logKey = await parseVkey(bundle.log_vkey, NOTE);
  if (!sameKey(logKey, await asNoteKey(bundle.origin, inForce))) {
    throw new Malformed("TRUST_LOG_KEY", "the log key is not the enrolled checkpoint key under its origin");
  }
  const former = view.all("key").filter(({ purpose, key, cause }) => {
    return purpose === "checkpoint" && key !== inForce.key && cause !== "compromised" && cause !== "lost";
  });
  return [logKey, ...(await Promise.all(former.map((key) => asNoteKey(bundle.origin, key))))];
}

/** The witness policies in order; under a handover the log's own line may be by any checkpoint key it had. */
async function witnessTerms(bundle, view) {
  const own = view.all("key").filter(({ purpose }) => purpose === "checkpoint");
  const logKeys = await Promise.all(own.map((key) => asNoteKey(bundle.origin, key)));
  return termsOf(view.all("witnessSet"), bundle.handovers ?? [], { logKeys, at: bundle.made_at });
}

async function asNoteKey(origin, { alg, spki }) {
  if (alg !== EDDSA || !equal(spki.subarray(0, ED25519_HEAD.length), ED25519_HEAD)) {
    throw new Malformed("TRUST_LOG_KEY", "a checkpoint key is an Ed25519 key");
  }
  return noteKey(NOTE, origin, spki.slice(ED25519_HEAD.length));
}

/** A new policy takes force only under a checkpoint that the old quorum cosigned. */
async function checkPolicyChange({ bundle, logKeys, terms }, former) {
  if (terms.some(({ policy }) => sameWitnesses(policy, former))) return; // shown to have been followed by the others
  let names = [];
  try {
    const cosigners = former.witnesses.map(({ key }) => key);
    const opened = await openCheckpoint(bundle.checkpoint, { logKeys: logKeys.slice(0, 1), cosigners });
    names = opened.cosignatures.map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof BadSignature)) throw error;
  }
  if (!satisfied(former, names)) {
    throw new Refused("TRUST_POLICY_CHANGED", "the witnesses changed and the former quorum did not agree");
  }
}

async function openLists(bundle, statusKey) {
  const lists = new Map();
  for (const { number, token } of bundle.lists) {
    const list = await openStatusList(token, statusKey);
    if (list.number !== number) throw new Malformed("TRUST_LIST", "a status list stands under another number than its own");
    if (list.size !== bundle.size) throw new Malformed("TRUST_LIST", "a status list was computed at another size");
    if (lists.has(number)) throw new Malformed("TRUST_LIST", "a status list stands twice in the bundle");
    lists.set(number, list);
  }
  return lists;
}
