/** RFC 6962 leaf hashes and inclusion (RFC 9162 section 2.1.3.2). Sizes and places are BigInt. As `ledger/merkle.py`. */

import { concat, equal, sha256 } from "/js/ledger/bytes.js";
import { ProofFailed } from "/js/ledger/errors.js";

export const HASH_SIZE = 32;
export const SIZE_MAX = 2n ** 63n - 1n;

/** @param {Uint8Array} leaf @returns {Promise<Uint8Array>} */
export function leafHash(leaf) {
  return sha256(concat(Uint8Array.of(0), leaf));
}

/**
 * Throws ProofFailed unless the leaf stands at `index` of the tree with this size and root.
 * @param {{index: bigint, size: bigint, leafHash: Uint8Array, proof: Uint8Array[], root: Uint8Array}} claim
 */
export async function checkInclusion({ index, size, leafHash: leaf, proof, root }) {
  requireWidths([root]);
  if (!(index >= 0n && index < size && size <= SIZE_MAX)) {
    throw new ProofFailed("INDEX_OUT_OF_RANGE", "The index is not inside a tree of that size.");
  }
  requireWidths([leaf, ...proof]);
  let [position, last, folded] = [index, size - 1n, leaf];
  for (const sibling of proof) {
    if (last === 0n) throw new ProofFailed("PROOF_LENGTH", "The proof has more hashes than the tree has levels.");
    const left = (position & 1n) === 1n || position === last;
    folded = left ? await node(sibling, folded) : await node(folded, sibling);
    while (left && (position & 1n) === 0n && position !== 0n) [position, last] = [position >> 1n, last >> 1n];
    [position, last] = [position >> 1n, last >> 1n];
  }
  if (last !== 0n) throw new ProofFailed("PROOF_LENGTH", "The proof has fewer hashes than the tree has levels.");
  if (!equal(folded, root)) throw new ProofFailed("ROOT_MISMATCH", "The proof leads to another root.");
}

function node(left, right) {
  return sha256(concat(Uint8Array.of(1), left, right));
}

function requireWidths(hashes) {
  if (hashes.some((one) => one.length !== HASH_SIZE)) throw new ProofFailed("HASH_WIDTH", "A hash is not 32 bytes long.");
}
