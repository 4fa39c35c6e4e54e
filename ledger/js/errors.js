/** The one family of errors: a stable code and one plain sentence, never a value. As `ledger/errors.py`. */

export class MalanError extends Error {
  /**
   * @param {string} code stable, upper-case
   * @param {string} what one plain sentence
   */
  constructor(code, what) {
    super(`${code}: ${what}`);
    this.name = this.constructor.name;
    this.code = code;
    this.what = what;
  }
}

/** Bytes or text that no honest writer produces. */
export class Malformed extends MalanError {}

/** A signature that does not verify, or a key that may not be used that way. */
export class BadSignature extends MalanError {}

/** An inclusion proof or a root that does not hold. */
export class ProofFailed extends MalanError {}

/** A well-formed act that its signer may not say, or not now. */
export class Refused extends MalanError {}

/** Something outside could not be used; nothing is said about truth. */
export class Unavailable extends MalanError {}
