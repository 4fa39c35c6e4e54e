/** The published standard a certificate rests on, read strictly. As `issuers/standard.py`, without the arithmetic. */

import { Malformed } from "/js/ledger/errors.js";
import { array, integer, record, slug, text, title, word } from "/js/issuers/shape.js";

const permille = integer(0, 1000);

const STANDARD = record({
  id: slug,
  version: integer(1, 9999),
  project: text({ form: /^[0-9]{3}$/ }),
  title,
  title_en: title,
  stage: integer(1, 4),
  kind: word("C", "J"),
  hours: integer(1, 9999),
  min_attendance_permille: permille,
  components: array(
    record({
      key: text({ low: 1, high: 24, form: /^[a-z][a-z0-9_]*$/ }),
      title,
      title_en: title,
      weight_permille: permille,
      max_tenths: integer(10, 10_000),
      pass_tenths: integer(0, 10_000),
    }),
    1,
    8,
  ),
  pass_total_tenths: integer(0, 1000),
  divergence_permille: permille,
  evaluators_min: integer(2, 9),
});

/** @param {Map<string, any>} document */
export function readStandard(document) {
  const standard = STANDARD(document);
  const parts = standard.components;
  if (parts.reduce((sum, part) => sum + part.weight_permille, 0) !== 1000) {
    throw new Malformed("STANDARD_WEIGHTS", "the weights do not add up to 1000");
  }
  const [keys, titles] = ["key", "title"].map((name) => new Set(parts.map((part) => part[name])));
  if (keys.size < parts.length || titles.size < parts.length || keys.has("candidate")) {
    throw new Malformed("STANDARD_KEYS", "two components share a key or title");
  }
  if (parts.some((part) => part.pass_tenths > part.max_tenths)) {
    throw new Malformed("STANDARD_PASS", "a pass mark is above its maximum");
  }
  return standard;
}
