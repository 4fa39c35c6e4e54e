/**
 * The parts of an opened bundle: the acts of each body, brought, compared with what is remembered and judged when a
 * certificate of that body is looked at.
 *
 * @typedef {import("/js/issuers/bundle.js").Bundle} Bundle
 * @typedef {Record<string, [number, string]>} Told by a body's code: its part had this hash at this size of the log
 * @typedef {{size: number, bodies: Told | null}} Known what a pin remembers; `bodies` names every part there was
 */

import { Refused } from "/js/ledger/errors.js";
import { judgeBody, openPart } from "/js/issuers/bundle.js";
import { actsHash } from "/js/issuers/bundled_acts.js";
import { History } from "/js/verify/history.js";

export class Parts {
  #bundle;
  #bring;
  #told;
  #new;
  #judged = new Map();
  /** The bytes of the parts that were looked at, by hash. @type {Map<string, Uint8Array>} */
  looked = new Map();

  /**
   * @param {Bundle} bundle
   * @param {{bring: (hash: string) => Uint8Array | Promise<Uint8Array>, known?: Known | null}} from
   */
  constructor(bundle, { bring, known = null }) {
    this.#bundle = bundle;
    this.#bring = bring;
    this.#told = { ...known?.bodies };
    this.#new = (known?.bodies ?? null) === null ? null : known.size;
  }

  /** What certificates under this code are judged by; null where the bundle has no part for it. @param {string} code */
  async of(code) {
    const body = (this.#bundle.bodies ?? []).find((one) => one.code === code);
    if (body === undefined) return null;
    if (!this.#judged.has(code)) this.#judged.set(code, this.#judge(body));
    try {
      return await this.#judged.get(code);
    } catch (error) {
      this.#judged.delete(code); // what could not be had now may come the next time
      throw error;
    }
  }

  /**
   * The bytes of a part, which tells what it told before; it is not judged.
   * @param {import("/js/issuers/bundle.js").Body} body
   */
  async look(body) {
    await this.#acts(body);
    return this.looked.get(body.acts);
  }

  /**
   * What a pin remembers of the parts: of those looked at here as they are, of others as before, so that they are
   * compared when they are looked at.
   * @returns {Promise<Told>}
   */
  async told() {
    const all = { ...this.#told };
    for (const body of this.#bundle.bodies ?? []) all[body.code] = await this.#before(body);
    return all;
  }

  async #judge(body) {
    const { view, steps } = await judgeBody(this.#bundle, await this.#acts(body));
    return { facts: view, history: new History(steps) };
  }

  async #acts({ code, acts: hash }) {
    const raw = this.looked.get(hash) ?? (await this.#bring(hash));
    const acts = await openPart(this.#bundle, { code, acts: hash }, raw);
    const [size, known] = await this.#before({ code, acts: hash });
    if (known !== hash && known !== (await actsHash(acts, size))) throw actsChanged();
    this.#told[code] = [this.#bundle.size, hash];
    this.looked.set(hash, raw);
    return acts;
  }

  /** Where a pin names parts and not this one, its body had said nothing; without a pin, all is as it is now. */
  async #before({ code, acts: hash }) {
    return this.#told[code] ?? (this.#new === null ? [this.#bundle.size, hash] : [this.#new, await actsHash([], 0)]);
  }
}

/** Acts that were told once are never gone. */
export function actsChanged() {
  return new Refused("TRUST_ACTS", "acts that an earlier bundle told are missing or changed");
}
