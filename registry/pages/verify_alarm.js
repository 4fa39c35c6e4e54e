/**
 * What the registry shows now and what this browser remembers contradict each other: the loudest thing this page can say.
 */

import { make } from "/assets/language.js";
import { forgetPin, rememberedPin } from "/assets/verify_trust.js";

const ALARMS = ["TRUST_GENESIS", "TRUST_OLDER", "TRUST_FORK", "TRUST_ACTS", "TRUST_POLICY_CHANGED", "LOG_FORKED"];

/** Whether a refusal of this code is such a contradiction. @param {string | undefined} code */
export function isAlarm(code) {
  return ALARMS.includes(code);
}

/**
 * The words, and after another genesis a way to forget the old one. @param {string} code @param {string | null} [genesis]
 * @returns {HTMLElement}
 */
export function alarmPanel(code, genesis = null) {
  const what = [
    "登记系统出示的信任依据，与本浏览器以前见到的不一致。这可能是系统更换，也可能是冒充。请勿采信本页结果，并拨打 12333 核实。",
    "What the registry shows contradicts what this browser saw before. The system may have been replaced, or somebody poses as it. Do not rely on this page's results; ask 12333.",
  ];
  const inside = [make("p", { role: "alert" }, what)];
  if (code === "TRUST_GENESIS") {
    const forget = make("button.button.quiet.small", { type: "button" }, ["已核对公布的新指纹，忘记旧的", "I compared the published fingerprint: forget the old one"]);
    forget.addEventListener("click", () => {
      forgetPin();
      location.assign("/");
    });
    const [old, now] = [rememberedPin()?.genesis ?? "", genesis ?? ""];
    inside.push(make("p.small", {}, ["以前记住的创世指纹：", "Genesis remembered: "], make("span.mono", {}, old)));
    inside.push(make("p.small", {}, ["现在出示的创世指纹：", "Genesis shown now: "], make("span.mono", {}, now)));
    inside.push(make("div.actions", {}, forget));
  }
  return make("div.notice", { "data-tone": "bad", "data-alarm": code }, ...inside);
}

/**
 * Of something that failed beside what is on view: if it is a contradiction, it is shown above that. Whether it was.
 * @param {HTMLElement} view @param {any} error
 */
export function alarmAbove(view, error) {
  if (!isAlarm(error?.code)) return false;
  view.querySelector("[data-alarm]")?.remove();
  const panel = alarmPanel(error.code, error.genesis);
  panel.append(make("p.small.dim.mono", {}, error.code));
  view.prepend(panel);
  return true;
}
