/** Step 7: was the signer entitled to issue this, then? As `verify/scope.py`. */

import { Malformed, Refused } from "/js/ledger/errors.js";
import { officerInForce } from "/js/issuers/facts.js";
import { readStandard } from "/js/issuers/standard.js";

/**
 * The signer's right to issue these claims, by the facts of `past`, on the Shanghai date `day`. That the number has the
 * body's own code is so already: `past` knows no other body.
 * @param {import("/js/issuers/facts.js").View & {all: Function}} past
 * @param {import("/js/issuers/credential.js").Credential} claims
 * @param {{kid: string, day: string, standard?: string | null}} where `standard`: the one the log names
 * @returns {{party: any, standard: any}}
 */
export function entitled(past, claims, { kid, day, standard = null }) {
  const key = past.get("key", kid);
  if (key === null || key.staff === null) {
    throw new Refused("KEY_LATER", "the key was enrolled after the certificate was signed");
  }
  const party = bodyOf(past, key.party);
  const officer = officerInForce(past, party.key, key.staff, "signatory", day);
  if (officer === null) throw new Refused("SIGNATORY_NONE", "the signer was no signatory of the body on that day");
  const standards = standardsOf(past, claims).filter((one) => standard === null || one.id === standard);
  if (standards.length === 0) {
    throw new Refused("STANDARD_NONE", "no published standard has this project, stage, title and hours");
  }
  const { projects } = appointment(past, party.key, day);
  const inside = standards.filter((one) => projects.includes(one.project));
  if (inside.length === 0) throw new Refused("BODY_SCOPE", "the body is not appointed for this project");
  const own = inside.find((one) => officer.projects.length === 0 || officer.projects.includes(one.project));
  if (own === undefined) throw new Refused("SIGNATORY_SCOPE", "the signatory is not appointed for this project");
  return { party, standard: own };
}

function bodyOf(past, name) {
  const party = past.get("party", name);
  if (party === null || party.role !== "body") throw new Refused("PARTY_NO_BODY", "the signing party is no evaluation body");
  if (party.withdrawnMs !== null) throw new Refused("PARTY_WITHDRAWN", "the body had been withdrawn");
  return party;
}

function appointment(past, body, day) {
  const found = past.get("appointment", body);
  if (found === null || !(found.firstDay <= day && day <= found.lastDay)) {
    throw new Refused("BODY_NOT_APPOINTED", "the body was not appointed on that day");
  }
  if (found.suspendedMs !== null) throw new Refused("BODY_SUSPENDED", "the body had been suspended");
  return found;
}

function standardsOf(past, { number, course, hours }) {
  return past.all("standard").flatMap(({ document }) => {
    let standard;
    try {
      standard = readStandard(document);
    } catch (error) {
      if (error instanceof Malformed) return []; // one this version cannot read entitles nobody
      throw error;
    }
    const { project, kind, stage } = standard;
    const same = project === number.project && kind === number.kind && stage === number.stage;
    return same && standard.title === course && standard.hours === hours ? [standard] : [];
  });
}
