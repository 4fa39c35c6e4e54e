/** Links that a holder gives away: made for some days, shown once, withdrawn at any time. The address is kept nowhere. */

import { localise, make } from "/assets/language.js";
import { stamp } from "/assets/holder_words.js";
import { ask } from "/assets/session.js";

const LINKS = "/api/holder/links";
const DAYS = [1, 7, 30];

/** @param {any} one a certificate @param {(error: unknown) => HTMLElement} trouble */
export function linksPart(one, trouble) {
  const list = make("ul.links");
  const told = make("div", { "aria-live": "polite" });
  for (const link of one.links) list.append(item(link, trouble, told));
  const part = make(
    "div",
    {},
    make("h3", {}, ["给别人看：限时链接", "Show it to others: a link that ends"]),
    make("p.small", {}, [
      "对方打开链接可以看到您的姓名、课程和当时的核验结果，看不到证件号码、完整编号和验证码。到期或撤回后立即失效。",
      "Whoever opens it sees your name, the course and the verdict of that moment: no document, no whole number, no code. It ends on its day, or at once when you withdraw it.",
    ]),
    list,
    form(one.certificate, list, told, trouble),
    told,
  );
  return part;
}

function form(certificate, list, told, trouble) {
  const name = `days-${certificate}`;
  const choices = DAYS.map((days) => {
    const radio = make("input", { type: "radio", name, value: String(days), checked: days === 7 });
    return make("label", {}, radio, [`${days} 天`, days === 1 ? "1 day" : `${days} days`]);
  });
  const button = make("button.button.quiet", { type: "submit" }, ["生成链接", "Make a link"]);
  const made = make("form.no-print", {}, make("fieldset.share", {}, make("legend", {}, ["有效期", "Good for"]), make("div.choices", {}, ...choices)), make("div.actions", {}, button));
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const days = Number(new FormData(made).get(name));
    button.disabled = true;
    try {
      const link = await ask("POST", LINKS, { certificate, days });
      list.append(item({ link: link.link, until_ms: link.until_ms }, trouble, told));
      told.replaceChildren(address(link));
    } catch (error) {
      told.replaceChildren(trouble(error));
    }
    localise(told);
    button.disabled = false;
  });
  return made;
}

/** The address, this once: to copy or to hand to another program of the device. */
function address({ link, address: text, until_ms: until }) {
  const id = `address-${link}`;
  const box = make("textarea.mono", { id, readonly: true, rows: "3", spellcheck: "false" });
  box.value = text;
  const status = make("p.hint", { role: "status" });
  const copy = make("button.button", { type: "button" }, ["复制链接", "Copy the link"]);
  copy.addEventListener("click", async () => {
    box.select();
    const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    status.replaceChildren(make("span", {}, done === true ? ["已复制。", "Copied."] : ["已选中，请手动复制。", "Selected: copy it by hand."]));
  });
  const share = make("button.button.quiet", { type: "button" }, ["分享……", "Share…"]);
  share.addEventListener("click", () => navigator.share({ url: text }).catch(() => {}));
  const can = typeof navigator.share === "function";
  return make(
    "div.notice.made",
    { "data-tone": "good" },
    make("label", { for: id }, make("strong", {}, [`链接已生成，有效至 ${stamp(until)}。只显示这一次，请现在复制：`, `The link is made, good until ${stamp(until)}. It is shown this once: copy it now.`])),
    box,
    make("div.actions", {}, copy, can ? share : null),
    status,
  );
}

function item({ link, until_ms: until }, trouble, told) {
  const withdraw = make("button.button.quiet.small", { type: "button" }, ["撤回", "Withdraw"]);
  const line = make("li", { "data-link": link }, make("span", {}, [`有效至 ${stamp(until)}`, `Good until ${stamp(until)}`]), withdraw);
  withdraw.addEventListener("click", async () => {
    withdraw.disabled = true;
    try {
      await ask("DELETE", `${LINKS}/${link}`);
      line.remove();
      told.replaceChildren(make("div.notice", { "data-tone": "info" }, make("p", {}, ["链接已撤回，立即失效。", "The link is withdrawn and shows nothing any more."])));
    } catch (error) {
      if (error.code === "LINK_UNKNOWN") line.remove();
      told.replaceChildren(trouble(error));
      withdraw.disabled = false;
    }
  });
  return line;
}
