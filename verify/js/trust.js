/**
 * Trust: an opened bundle with everything in it checked, ready to judge credentials by. As `verify/trust.py`. The acts
 * of a body are brought and judged with the first of its certificates.
 *
 * @typedef {import("/js/ledger/note.js").NoteKey} NoteKey
 * @typedef {{genesis: string, size: number, policy: string | null, acts: string | null, root: string | null,
 *            bodies: import("/js/verify/parts.js").Told | null}} Pin `acts` of the bundle alone
 * @typedef {{bundle: import("/js/issuers/bundle.js").Bundle, history: import("/js/verify/history.js").History,
 *            facts: import("/js/issuers/facts.js").MemoryView, logKeys: NoteKey[],
 *            statusKey: import("/js/ledger/keys.js").PublicKey, policy: import("/js/ledger/policy.js").Policy,
 *            terms: import("/js/ledger/succession.js").Term[],
 *            checkpoint: import("/js/ledger/checkpoint.js").OpenedCheckpoint,
 *            lists: Map<number, import("/js/issuers/status.js").StatusList>, pinned: boolean,
 *            parts: import("/js/verify/parts.js").Parts, of: (code: string) => Promise<Trust>}} Trust `facts` and
 *   `history` are those of the bundle's own acts; `of` gives those that certificates under a body's code are judged by
 */

import { equal, hex, sha256 } from "/js/ledger/bytes.js";
import { openCheckpoint } from "/js/ledger/checkpoint.js";
import { BadSignature, Malformed, Refused } from "/js/ledger/errors.js";
import { ED25519_HEAD, EDDSA, publicKey } from "/js/ledger/keys.js";
import { NOTE, noteKey, parseVkey, sameKey } from "/js/ledger/note.js";
import { parsePolicy, sameWitnesses, satisfied } from "/js/ledger/policy.js";
import { policyAt } from "/js/ledger/succession.js";
import { openBundle, serviceKey, unpack } from "/js/issuers/bundle.js";
import { actsHash } from "/js/issuers/bundled_acts.js";
import { checkOrigin } from "/js/issuers/qr.js";
import { openStatusList } from "/js/issuers/status.js";
import { termsOf } from "/js/issuers/witnesses.js";
import { History } from "/js/verify/history.js";
import { actsChanged, Parts } from "/js/verify/parts.js";

/**
 * The trust in the bytes of a signed bundle. `bring` gives the bytes of a part by its hash, or throws Unavailable.
 * @param {Uint8Array} raw
 * @param {{bring: (hash: string) => Uint8Array | Promise<Uint8Array>, pin?: Pin | null}} known `pin`: what this browser
 *   remembers of the log
 * @returns {Promise<Trust>}
 */
export async function openTrust(raw, { bring, pin = null }) {
  return trustIn(await openBundle(raw), { bring, pin });
}

/**
 * The trust in the bytes of trust.cbor, which has the parts in it.
 * @param {Uint8Array} raw
 * @param {{pin?: Pin | null}} [known]
 * @returns {Promise<Trust>}
 */
export async function openTrustFile(raw, { pin = null } = {}) {
  const { signed, parts } = unpack(raw);
  const hashes = await Promise.all(parts.map(async (part) => hex(await sha256(part))));
  const opened = await openBundle(signed, { parts: hashes });
  const trust = await trustIn(opened, { bring: (hash) => parts[hashes.indexOf(hash)], pin });
  const told = pin?.bodies ?? null;
  const bodies = told === null ? [] : (opened.bundle.bodies ?? []);
  for (const body of bodies) if (told[body.code]?.[1] !== body.acts) await trust.parts.look(body);
  return trust;
}

async function trustIn({ bundle, view, steps }, { bring, pin }) {
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
  const lists = await openLists(bundle, statusKey);
  const parts = new Parts(bundle, { bring, known: pin });
  const own = { bundle, history: new History(steps), facts: view, parts };
  const trust = { ...own, logKeys, statusKey, policy, terms, checkpoint, lists, pinned: pin !== null, of };
  if (pin !== null) await compare(trust, pin);
  return trust;
}

async function of(code) {
  return { ...this, ...(await this.parts.of(code)) };
}

/** What to remember of it. @param {Trust} trust @returns {Promise<Pin>} */
export async function pinOf({ bundle, checkpoint, parts }) {
  const { genesis, size, policy } = bundle;
  const [acts, root] = [await actsHash(bundle.acts, size), hex(checkpoint.checkpoint.root)];
  return { genesis, size, policy, acts, root, bodies: await parts.told() };
}

/** Throws where the trust does not agree with what is remembered; parts are compared when they are looked at. */
async function compare(trust, pin) {
  const { bundle, checkpoint } = trust;
  if (pin.genesis !== bundle.genesis) {
    throw new Refused("TRUST_GENESIS", "the bundle has another genesis than the one pinned");
  }
  if (bundle.size < pin.size) throw new Refused("TRUST_OLDER", "the bundle is of a smaller log than one seen before");
  if (bundle.size === pin.size && pin.root !== null && pin.root !== hex(checkpoint.checkpoint.root)) {
    throw new Refused("TRUST_FORK", "the log shows another root at the size seen before");
  }
  if (pin.acts !== null && pin.acts !== (await actsHash(bundle.acts, pin.size))) throw actsChanged();
  const codes = new Set((bundle.bodies ?? []).map(({ code }) => code));
  if (!Object.keys(pin.bodies ?? {}).every((code) => codes.has(code))) throw actsChanged();
  if (pin.policy !== null && pin.policy !== bundle.policy) await checkPolicyChange(trust, await parsePolicy(pin.policy));
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
