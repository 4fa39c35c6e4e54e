/**
 * C2SP tlog-proof: a file that shows, offline, that an entry stands in a log; and the leaf inside it. As
 * `ledger/proof.py` and `ledger/leaf.py`.
 *
 * @typedef {{index: bigint, hashes: Uint8Array[], checkpoint: Uint8Array, extra: Uint8Array | null}} Proof
 * @typedef {{seq: number, timeMs: number, prev: Uint8Array, statement: Uint8Array}} Leaf
 */

import { decode, isInteger } from "/js/ledger/cbor.js";
import { openCheckpoint, parseCheckpoint, parseDecimal } from "/js/ledger/checkpoint.js";
import { Malformed } from "/js/ledger/errors.js";
import { checkInclusion, HASH_SIZE, leafHash } from "/js/ledger/merkle.js";
import { decodeBase64, NOTE_BYTES_MAX, parseNote } from "/js/ledger/note.js";

const HEADER = "c2sp.org/tlog-proof@v1";
const HASHES_MAX = 63;
const BYTES_MAX = NOTE_BYTES_MAX + 1_000_000;

/** Reads a `.tlog-proof` file, verifying nothing. @param {Uint8Array} data @returns {Proof} */
export function parseProof(data) {
  if (data.length > BYTES_MAX) throw new Malformed("PROOF_SIZE", "The proof is too large.");
  const edge = data.findIndex((byte, place) => byte === 0x0a && data[place + 1] === 0x0a);
  if (edge < 0 || data.subarray(0, edge).some((byte) => byte > 0x7f)) {
    throw new Malformed("PROOF_SHAPE", "A proof is ASCII lines, an empty line and a checkpoint.");
  }
  const lines = new TextDecoder().decode(data.subarray(0, edge)).split("\n");
  if (lines.shift() !== HEADER) throw new Malformed("PROOF_HEADER", `The first line must be ${HEADER}.`);
  const extra = lines[0]?.startsWith("extra ") ? decodeBase64(lines.shift().slice(6)) : null;
  if (!lines[0]?.startsWith("index ")) throw new Malformed("PROOF_INDEX", "The index line is missing.");
  const index = parseDecimal(lines.shift().slice(6));
  if (lines.length > HASHES_MAX) throw new Malformed("PROOF_LENGTH", "A proof has at most 63 hashes.");
  const hashes = lines.map(decodeBase64);
  if (hashes.some((one) => one.length !== HASH_SIZE)) throw new Malformed("HASH_WIDTH", "A hash is not 32 bytes long.");
  if (extra !== null && extra.length === 0) throw new Malformed("PROOF_EXTRA", "Extra data that is empty is left out.");
  const checkpoint = data.slice(edge + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  return { index, hashes, checkpoint, extra };
}

/**
 * The checkpoint under which the leaf is shown to stand; the caller judges the quorum.
 * @param {Proof} proof
 * @param {Uint8Array} leaf
 * @param {{logKeys: import("/js/ledger/note.js").NoteKey[], cosigners: import("/js/ledger/note.js").NoteKey[]}} keys
 */
export async function checkProof(proof, leaf, keys) {
  const opened = await openCheckpoint(proof.checkpoint, keys);
  const { size, root } = opened.checkpoint;
  await checkInclusion({ index: proof.index, size, leafHash: await leafHash(leaf), proof: proof.hashes, root });
  return opened;
}

/** The statement inside is not parsed. @param {Uint8Array} data @returns {Leaf} */
export function parseLeaf(data) {
  const value = decode(data);
  const [version, seq, timeMs, prev, statement] = Array.isArray(value) && value.length === 5 ? value : [];
  const bytes = prev instanceof Uint8Array && prev.length === 32 && statement instanceof Uint8Array;
  if (!bytes || version !== 1 || !isInteger(seq) || !isInteger(timeMs) || seq < 0 || timeMs < 0) {
    throw new Malformed("LEAF_SHAPE", "a leaf is [1, seq, time_ms, prev, statement]");
  }
  return { seq, timeMs, prev, statement };
}
