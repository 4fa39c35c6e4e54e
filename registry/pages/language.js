/**
 * The language of the page: Chinese first, English by choice, kept for the next visit.
 *
 * Every text stands twice, in elements with lang="zh-CN" and lang="en"; the style sheet shows the chosen one. What
 * cannot hold two elements says both in attributes: data-zh and data-en for the text of <option> and <title>,
 * data-label-zh and -en for aria-label, data-placeholder-zh and -en. `localise` puts the chosen one in its place.
 */

const KEPT = "malan.language";
const LANGUAGES = ["zh-CN", "en"];

/** @returns {"zh-CN" | "en"} the language the page is shown in */
export function language() {
  return document.documentElement.dataset.language === "en" ? "en" : "zh-CN";
}

/**
 * Both languages as DOM nodes; the style sheet shows one.
 * @param {string} zh
 * @param {string} en
 * @returns {DocumentFragment}
 */
export function say(zh, en) {
  const both = document.createDocumentFragment();
  for (const [lang, text] of [["zh-CN", zh], ["en", en]]) {
    const span = document.createElement("span");
    span.lang = lang;
    span.textContent = text;
    both.append(span);
  }
  return both;
}

/**
 * An element with children: texts, nodes, or [zh, en] pairs. The one way our pages build what they show.
 * @param {string} tag with classes after dots: "p.small.dim"
 * @param {Record<string, string | boolean>} [attributes]
 * @param {...(Node | string | [string, string] | null)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) {
    if (child !== null) element.append(Array.isArray(child) ? say(child[0], child[1]) : child);
  }
  speak(element);
  return element;
}

/**
 * Puts the chosen language into texts and attributes that cannot hold both.
 * @param {ParentNode} [root]
 */
export function localise(root = document) {
  for (const element of root.querySelectorAll("[data-zh], [data-label-zh], [data-placeholder-zh]")) speak(element);
}

function speak(element) {
  const chosen = language() === "en" ? "en" : "zh";
  if (element.hasAttribute("data-zh")) element.textContent = element.getAttribute(`data-${chosen}`);
  for (const [prefix, attribute] of [["label", "aria-label"], ["placeholder", "placeholder"]]) {
    const words = element.getAttribute(`data-${prefix}-${chosen}`);
    if (words !== null) element.setAttribute(attribute, words);
  }
}

/**
 * Shows the page in a language and keeps the choice. Fires "malan-language" on the document.
 * @param {string} wanted
 */
export function choose(wanted) {
  const chosen = LANGUAGES.includes(wanted) ? wanted : LANGUAGES[0];
  const root = document.documentElement;
  root.dataset.language = chosen;
  root.lang = chosen;
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-choose") === chosen));
  }
  localise();
  document.dispatchEvent(new Event("malan-language"));
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage may be forbidden: then the choice lasts as long as the page
  }
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-choose]") : null;
  if (button === null) return;
  choose(button.getAttribute("data-choose"));
  try {
    localStorage.setItem(KEPT, language());
  } catch {
    // as above
  }
});

choose(kept() ?? LANGUAGES[0]);
