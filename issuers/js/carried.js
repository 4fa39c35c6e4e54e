/** In which part of a trust bundle an act stands. As `issuers/carried.py`. */

import { parseStatement } from "/js/ledger/statement.js";
import { readAct } from "/js/issuers/acts.js";

/**
 * The code of the body whose act this is; null for what is common to all certificates. The answer is the same right
 * after the act and ever after.
 * @param {import("/js/issuers/facts.js").View} view
 * @param {import("/js/ledger/statement.js").Statement} statement
 * @returns {Promise<string | null>}
 */
export async function bodyOf(view, statement) {
  const [, name = ""] = /\/(.*)$/s.exec(statement.subject) ?? [];
  switch (statement.kind) {
    case "approve": {
      const waiting = view.get("pending", name);
      return waiting === null ? null : bodyOf(view, await parseStatement(waiting.raw));
    }
    case "party-admitted":
      return readAct(statement).code;
    case "party-withdrawn":
    case "admin-appointed":
    case "body-appointed":
    case "body-suspended":
      return codeOf(view, name);
    case "officer-appointed":
    case "officer-dismissed":
    case "key-enrolled":
      return codeOf(view, statement.issuer);
    case "key-revoked": {
      const key = view.get("key", name);
      return key === null || key.staff === null ? null : codeOf(view, key.party);
    }
    default:
      return null;
  }
}

function codeOf(view, party) {
  return view.get("party", party)?.code ?? null;
}
