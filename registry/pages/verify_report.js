/**
 * How to report, how to go on, and where a code of somebody else's leads. A report is a text with what this page knows
 * filled in; nothing is sent from here: a person calls, copies or shares it.
 */

import { language, make } from "/assets/language.js";
import { authorityOf } from "/js/issuers/qr.js";

const SHOWN_MAX = 120;

/**
 * @typedef {{number?: string, code?: string, state?: {zh: string, en: string}, reason?: string, at?: string,
 *            leads?: string | null}} About
 * @param {About | null} [about] what was found; what is not known stays to be filled in
 */
export function reporting(about = null) {
  const tel = make("a", { href: "tel:12333" }, "12333");
  const said = make("p", {}, ["如有疑问或要举报，请拨打 ", "To ask or to report, call "], tel, ["，并说明证书编号和验证码。", " and give the number and code of the certificate."]);
  const again = make("a.button.quiet", { href: "/" }, ["核验另一份证书", "Check another certificate"]);
  const form = about === null ? null : reportForm(about);
  return make("div.card", {}, said, form, make("div.actions.full.no-print", {}, again));
}

/**
 * Where a code leads that is not ours, so that it can be reported; shown as text, never as a link.
 * @param {string} text
 * @param {string[]} hosts
 */
export function elsewhere(text, hosts) {
  const there = make("strong.mono", {}, leadsTo(text));
  const official = make("strong.mono", {}, hosts.join(" · "));
  return make(
    "div.notice",
    { "data-tone": "bad" },
    make("p", {}, ["这个二维码指向 ", "This code leads to "], there, ["，而公布的核验网址是 ", ". The published address is "], official, ["。", "."]),
    make("p", {}, [
      "本页没有打开那个网址，也请您不要打开：仿冒网页会把假证书说成真的，还可能索要钱款或身份信息。",
      "This page did not open that address, and neither should you: a look-alike calls a false certificate genuine, and may ask for money or papers.",
    ]),
  );
}

/** The address in a code, as text. @param {string} text */
export function leadsTo(text) {
  return (authorityOf(text) ?? "").slice(0, SHOWN_MAX);
}

function reportForm(about) {
  const text = make("textarea", { id: "report", rows: "8" });
  text.value = textOf(about);
  document.addEventListener("malan-language", () => {
    if (text.isConnected && text.dataset.own !== "yes") text.value = textOf(about);
  });
  text.addEventListener("input", () => {
    text.dataset.own = "yes"; // what somebody wrote stays, whatever language the page is in
  });
  const label = make("label", { for: "report" }, ["可以修改和补充", "Change and add what you like"]);
  const told = make("p.hint", { role: "status" });
  const copy = make("button.button.quiet", { type: "button" }, ["复制文字", "Copy the text"]);
  copy.addEventListener("click", async () => {
    text.select();
    const done = await navigator.clipboard?.writeText(text.value).then(() => true, () => false);
    told.replaceChildren(make("span", {}, done === true ? ["已复制。", "Copied."] : ["已选中，请手动复制。", "Selected: copy it by hand."]));
  });
  const share = make("button.button.quiet", { type: "button" }, ["分享……", "Share…"]);
  share.addEventListener("click", () => navigator.share({ text: text.value }).catch(() => {}));
  const can = typeof navigator.share === "function";
  return make(
    "details.more.no-print",
    {},
    make("summary", {}, about.number === undefined ? ["报告问题", "Report a problem"] : ["报告问题（已填好证书编号）", "Report a problem (number filled in)"]),
    make("p.small", {}, ["电话中照此说明，或复制后发给受理单位。本页不会发送任何内容。", "Say this on the telephone, or copy it and send it to the office. This page sends nothing."]),
    make("div.field", {}, label, text),
    make("div.actions", {}, copy, can ? share : null),
    told,
  );
}

function textOf({ number, code, state, reason, at, leads = null }) {
  const zh = language() !== "en";
  const lines = [
    [zh ? "问题" : "Problem", ""],
    [zh ? "证书编号" : "Certificate number", number ?? ""],
    [zh ? "验证码" : "Code", code ?? ""],
    [zh ? "核验结果" : "Result of the check", [state === undefined ? "" : zh ? state.zh : state.en, reason ?? ""].filter((one) => one !== "").join(" ")],
    [zh ? "核验时间" : "Checked at", at ?? ""],
    [zh ? "核验网址" : "Checked by", location.host],
    ...(leads === null ? [] : [[zh ? "二维码指向" : "The code leads to", leads]]),
  ];
  return lines.map(([name, value]) => `${name}${zh ? "：" : ": "}${value}`).join("\n");
}
