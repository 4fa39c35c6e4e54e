/**
 * The acts a trust bundle carries, and the one a proof shows: their fields, version 1. As `issuers/acts/`.
 */

import { Malformed } from "/js/ledger/errors.js";
import { array, bytes, day, digests, document, id, integer, optional, record, seconds, slug, text, title, word } from "/js/issuers/shape.js";

export const ROLES = ["city", "district", "body", "institution", "operator"];
export const DUTIES = [
  "root", "admin", "standards", "supervisor", "reviewer", "intake", "registrar", "instructor", "evaluator", "signatory",
];

const enrolment = bytes(1, 1024);
const reason = text({ low: 1, high: 40, form: /^[a-z]+(-[a-z]+)*$/ });
export const code3 = text({ form: /^[0-9]{3}$/ });
const origin = text({ low: 1, high: 100, form: /^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9.-]+)*$/ });
const term = { first_day: day, last_day: day };

const KINDS = {
  genesis: record({
    origin,
    city: title,
    city_en: title,
    keys: array(record({ staff: id(16), enrolment }), 3, 3),
    rules: integer(1, 1),
  }),
  approve: record({}),
  "party-admitted": record({
    role: word(...ROLES),
    name: title,
    name_en: title,
    region: text({ form: /^31[0-9]{4}$/ }),
    uscc: optional(text({ form: /^[0-9A-HJ-NPQRTUWXY]{18}$/ })),
    code: optional(code3),
  }),
  "party-withdrawn": record({ reason }),
  "admin-appointed": record({ staff: id(16), enrolment, ...term }),
  "service-key": record({ enrolment }),
  "witness-set": record({
    witnesses: array(
      record({
        party: slug,
        vkey: text({ low: 1, high: 300 }),
        possession: text({ low: 1, high: 1000 }),
        url: optional(text({ low: 9, high: 200, form: /^https?:\/\/[A-Za-z0-9.:/_~-]+$/ })),
      }),
      1,
      32,
    ),
    quorum: integer(1, 32),
    first_day: day,
  }),
  "body-appointed": record({ projects: array(slug, 1, 64), ...term }),
  "body-suspended": record({ reason }),
  "officer-appointed": record({ duties: array(word(...DUTIES), 1, 6), projects: array(slug, 0, 64), ...term }),
  "officer-dismissed": record({ reason }),
  "key-enrolled": record({ enrolment }),
  "key-revoked": record({ cause: word("rotated", "left", "lost", "compromised"), compromised_since: optional(seconds) }),
  "standard-published": record({ document }),
  "certificate-issued": record({
    class_id: id(16),
    candidate: id(16),
    evaluation: id(32),
    standard: slug,
    kind: word("C", "J"),
    credential: id(32),
    status_list: integer(0, 9999),
    status_index: integer(0, 2 ** 20 - 1),
    issued_on: day,
    entries: array(digests, 1, 1),
    expires_on: optional(day),
  }),
};

const moved = record({ reason });
const version = (...reasons) =>
  record({
    version: integer(2, 99),
    former: id(32),
    standard: slug,
    kind: word("C", "J"),
    credential: id(32),
    status_list: integer(0, 9999),
    status_index: integer(0, 2 ** 20 - 1),
    issued_on: day,
    version_on: day,
    reason: word(...reasons),
    entries: array(digests, 1, 1),
    expires_on: optional(day),
  });

/** What becomes of a certificate after its issue: no bundle carries these, a proof may show them. */
const LIFE = {
  "certificate-suspended": moved,
  "certificate-restored": moved,
  "certificate-revoked": moved,
  "certificate-cancelled": record({
    reason: word("issued-in-error", "duplicate", "holder-deceased", "transferred-out"),
  }),
  "certificate-corrected": version("name-corrected", "layout-changed"),
  "certificate-reissued": version("lost", "damaged", "key-replaced"),
};

/** Acts of a log that neither a trust bundle carries nor a proof of a certificate shows. */
const OTHERS = [
  "institution-accredited", "accreditation-withdrawn", "class-opened", "roster", "sheet", "evaluation-confirmed",
  "number-voided", "claim-submitted", "claim-decided", "claim-withdrawn", "policy-published", "erasure-order",
  "log-continued",
];

/** Acts whose rules look only at one another: replaying these alone gives the same facts as the whole log. */
export const BUNDLED = Object.keys(KINDS).filter((kind) => kind !== "certificate-issued");

/**
 * The fields of the act in a statement; null for one of those that say nothing here.
 * @param {import("/js/ledger/statement.js").Statement} statement
 */
export function readAct(statement) {
  if (statement.version === 1 && Object.keys(KINDS).includes(statement.kind)) return KINDS[statement.kind](statement.body);
  if (statement.version === 1 && Object.keys(LIFE).includes(statement.kind)) return LIFE[statement.kind](statement.body);
  if (statement.version === 1 && OTHERS.includes(statement.kind)) return null;
  throw new Malformed("ACT_UNKNOWN", "an act of a kind or version this program does not know");
}
