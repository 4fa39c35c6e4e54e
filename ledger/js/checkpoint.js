/**
 * Checkpoints and cosignatures, and the policy that says how many of them are enough (C2SP tlog-checkpoint,
 * tlog-cosignature). As `ledger/checkpoint.py`.
 *
 * @typedef {{origin: string, size: bigint, root: Uint8Array}} Checkpoint
 * @typedef {{checkpoint: Checkpoint, cosignatures: {name: string, time: bigint}[]}} OpenedCheckpoint
 */

import { equal, fromHex, hex } from "/js/ledger/bytes.js";
import { BadSignature, Malformed, ProofFailed } from "/js/ledger/errors.js";
import { HASH_SIZE, SIZE_MAX } from "/js/ledger/merkle.js";
import { checkKeyName, decodeBase64, isBy, openNote, sameKey, timeOf } from "/js/ledger/note.js";

const EMPTY_ROOT = fromHex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/** An ASCII decimal without sign or leading zeros, at most 2^63 - 1. @param {string} text @returns {bigint} */
export function parseDecimal(text) {
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text) || BigInt(text) > SIZE_MAX) {
    throw new Malformed("DECIMAL", "Not a decimal number in its one spelling, or too large.");
  }
  return BigInt(text);
}

/** @param {string} text three lines: origin, size, root @returns {Checkpoint} */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "") {
    throw new Malformed("CHECKPOINT_LINES", "A checkpoint has exactly three lines: origin, size, root.");
  }
  const root = decodeBase64(lines[2]);
  const [origin, size] = [lines[0], parseDecimal(lines[1])];
  checkKeyName(origin);
  if (root.length !== HASH_SIZE) throw new Malformed("CHECKPOINT_ROOT", "A root has 32 bytes.");
  if (size === 0n && !equal(root, EMPTY_ROOT)) {
    throw new ProofFailed("EMPTY_TREE_ROOT", "Size 0 goes only with the root of the empty tree.");
  }
  return { origin, size, root };
}

/**
 * Verifies a checkpoint note: a log key named as the origin signed it, and no line of a known key is bad.
 * @param {Uint8Array} raw
 * @param {{logKeys: import("/js/ledger/note.js").NoteKey[], cosigners: import("/js/ledger/note.js").NoteKey[]}} keys
 * @returns {Promise<OpenedCheckpoint>}
 */
export async function openCheckpoint(raw, { logKeys, cosigners }) {
  const distinct = cosigners.filter((key, at) => cosigners.findIndex((one) => sameKey(one, key)) === at);
  if (new Set(cosigners.map((key) => hex(key.publicKey))).size !== distinct.length) {
    throw new Malformed("COSIGNERS_SHARE_KEY", "Two cosigners have the same public key.");
  }
  const opened = await openNote(raw, [...logKeys, ...cosigners]);
  const checkpoint = parseCheckpoint(opened.text);
  const own = logKeys.filter((key) => key.name === checkpoint.origin);
  if (!opened.verified.some((line) => own.some((key) => isBy(line, key)))) {
    throw new BadSignature("NO_LOG_SIGNATURE", "No known log key of that origin signed the checkpoint.");
  }
  const times = new Map();
  for (const line of opened.verified) {
    for (const key of cosigners.filter((one) => isBy(line, one))) {
      const [time, former] = [timeOf(line.signature), times.get(key.name) ?? 0n];
      times.set(key.name, time > former ? time : former);
    }
  }
  return { checkpoint, cosignatures: [...times].map(([name, time]) => ({ name, time })) };
}
