/**
 * What is signed for a subsidy claim: submitted at a counter, decided in the district, withdrawn. As
 * `claim_parcel` of `issuers/sign/drafting_certificates.py` and the acts of `issuers/acts/certificates.py`.
 *
 * @typedef {{id_type: string, id_number: string, organisation: string, uscc: string, role: string,
 *            founded_on: string}} ClaimFacts in normal form; they are committed to, never said
 * @typedef {{claim: string, certificate: string, project: string, policy: string, district: string,
 *            project_nullifier: string, slot_nullifier: string}} PreparedClaim as the service answered
 * @typedef {{statement: Uint8Array, openings: Uint8Array[]}} Parcel
 */

import { fromHex } from "/js/ledger/bytes.js";
import { commit, encodeOpening } from "/js/ledger/commitment.js";
import { Malformed } from "/js/ledger/errors.js";
import { signStatement } from "/js/ledger/statement.js";
import { claimsOf } from "/js/issuers/sign.js";

const COMMITTED = ["id_type", "id_number", "organisation", "uscc", "role", "founded_on"];
const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * The claim an intake officer submits for a person at the counter: body and opening, not signed yet.
 * @param {PreparedClaim} prepared
 * @param {ClaimFacts} facts
 * @param {Uint8Array} recordKey 32 random bytes
 */
export async function draftClaim(prepared, facts, recordKey) {
  const opening = { recordKey, fields: Object.fromEntries(COMMITTED.map((name) => [name, facts[name]])) };
  const body = {
    certificate: id(prepared.certificate, 16),
    project: slug(prepared.project),
    policy: slug(prepared.policy),
    district: slug(prepared.district),
    project_nullifier: id(prepared.project_nullifier, 32),
    slot_nullifier: id(prepared.slot_nullifier, 32),
    entries: [await commit(opening)],
  };
  return draft("claim-submitted", prepared.claim, body, [encodeOpening(opening)]);
}

/**
 * The district's decision; `release` frees project and slot of a rejected claim.
 * @param {string} claim
 * @param {{outcome: "approved" | "rejected", reasons: string[], amountFen: number, release: boolean}} decision
 */
export function draftDecision(claim, { outcome, reasons, amountFen, release }) {
  return draft("claim-decided", claim, { outcome, reasons, amount_fen: amountFen, release });
}

/** The end of a claim that is not decided yet. @param {string} claim @param {string} reason words with hyphens */
export function draftWithdrawal(claim, reason) {
  if (!/^[a-z]+(?:-[a-z]+)*$/.test(reason)) throw new Malformed("SHAPE_FORM", "a reason is words joined by hyphens");
  return draft("claim-withdrawn", claim, { reason });
}

/**
 * The signed bytes of a draft. Keep them before they are sent: a retry sends the same bytes.
 * @param {import("/js/ledger/keys.js").Signer} signer
 * @param {{iss: string, aud: string}} speaker party and log
 * @param {{kind: string, subject: string, body: object, openings: Uint8Array[]}} drafted
 * @param {{iat?: number, cti?: Uint8Array}} [moment]
 * @returns {Promise<Parcel>}
 */
export async function signDraft(signer, { iss, aud }, drafted, moment = {}) {
  const claims = claimsOf({ iss, sub: drafted.subject, aud, ...moment });
  const statement = await signStatement(signer, { kind: drafted.kind, claims, body: drafted.body });
  return { statement, openings: drafted.openings };
}

function draft(kind, claim, body, openings = []) {
  id(claim, 16);
  return { kind, subject: `claim/${claim}`, body, openings };
}

function id(text, size) {
  const bytes = typeof text === "string" ? fromHex(text) : null;
  if (bytes === null || bytes.length !== size) throw new Malformed("HEX_FORM", "the service answered no such id");
  return bytes;
}

function slug(text) {
  if (typeof text !== "string" || text.length > 40 || !SLUG.test(text)) {
    throw new Malformed("SHAPE_FORM", "the service answered no such name");
  }
  return text;
}
