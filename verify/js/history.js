/** What was true when: the facts of a bundle's acts as they stood at any place or time. As `verify/history.py`. */

/** @typedef {import("/js/issuers/facts.js").Fact} Fact */

export class History {
  #steps;

  /** @param {import("/js/issuers/bundled_acts.js").Step[]} steps of acts that were admitted, in order */
  constructor(steps) {
    this.#steps = steps;
  }

  /** The facts of the acts whose place in the log is before `seq`. @param {number} seq */
  before(seq) {
    return new Past(this.#steps.filter((step) => step.seq < seq));
  }

  /** The facts of the acts that entered the log at `timeMs` or earlier. @param {number} timeMs */
  until(timeMs) {
    return new Past(this.#steps.filter((step) => step.timeMs <= timeMs));
  }
}

/** The facts after some acts. */
class Past {
  #facts = new Map();

  constructor(steps) {
    for (const { changes } of steps) for (const one of changes) this.#facts.set(`${one.type} ${one.key}`, one);
  }

  get(type, key) {
    return this.#facts.get(`${type} ${key}`) ?? null;
  }

  all(type) {
    return [...this.#facts.values()].filter((one) => one.type === type);
  }
}
