/**
 * What a link from a holder shows: name and verdict, as the service finds them now. The token leaves address bar and
 * history before anything else happens, and goes to the service in a body.
 */

import { localise, make, say } from "/assets/language.js";
import { KINDS, stamp, wordsFor } from "/assets/holder_words.js";
import { ask } from "/assets/session.js";
import { frame, toneOf } from "/assets/verify_shown.js";

// Chat programs hang words of their own onto an address.
const token = /^#([A-Za-z0-9_-]{1,64})/.exec(location.hash)?.[1];
const $ = (id) => document.getElementById(id);

if (location.hash !== "") history.replaceState(null, "", location.pathname);
for (const host of document.querySelectorAll("[data-host]")) host.textContent = location.host;
window.addEventListener("hashchange", () => location.reload());
await open();

async function open() {
  try {
    if (token === undefined) throw Object.assign(new Error(), { code: "LINK_UNKNOWN" });
    show(await ask("POST", "/api/shared", { token }));
  } catch (error) {
    if (error.code === "LINK_UNKNOWN") showNothing();
    else showTrouble(error);
  }
}

function show(told) {
  const name = make("span.strong", { lang: "zh-CN", "data-keep": true }, told.name);
  const kind = KINDS[told.kind] ?? [told.kind, told.kind];
  const checked = [`由服务器核验 · ${stamp(Date.parse(told.checked_at))}`, `Checked by the server · ${stamp(Date.parse(told.checked_at))}`];
  const depth = told.final ? ["账本有记载，已最终确认", "in the log, final"] : told.complete ? ["账本有记载", "in the log"] : ["未核对账本", "the log was not checked"];
  const panel = frame(
    toneOf(told.state),
    told.icon,
    [told.title.zh, told.title.en],
    make("p.lead", {}, [told.advice.zh, told.advice.en]),
    facts([
      [["姓名", "Name"], name],
      [["课程", "Course"], say(told.course.zh, told.course.en)],
      [["课时", "Lesson hours"], String(told.hours)],
      [["证书类别", "Kind"], say(...kind)],
      [["证书编号", "Number"], make("span.digits", {}, told.number)],
      [["评价机构", "Evaluation body"], say(told.body.zh, told.body.en || told.body.zh)],
      [["签发日期", "Issued on"], told.issued_on],
      told.expires_on === null ? null : [["有效期至", "Valid until"], told.expires_on],
      [["账本", "Log"], say(...depth)],
      [["链接有效至", "Link good until"], stamp(told.until_ms)],
    ]),
    make("p.small.dim", {}, checked),
  );
  const limits = make("div.notice", { "data-tone": "warn" }, make("p", {}, [
    "这是登记系统此刻的回答。打开链接的人不一定是持证人本人：请核对身份证件上的姓名。要在自己的设备上核验，请扫描证书上的二维码。",
    "This is what the registry answers now. Whoever sent the link need not be the holder: compare the name with an identity card. To check on your own device, scan the QR code on the certificate.",
  ]));
  put([panel, limits], [told.title.zh, told.title.en]);
}

function showNothing() {
  const title = ["此链接没有可显示的内容", "This link shows nothing"];
  const why = ["链接可能已到期、已被撤回，或复制不完整。请向给您链接的人要一个新的，或请其出示证书上的二维码。", "It may be over, withdrawn or not copied whole. Ask whoever gave it to you for a new one, or for the QR code on the certificate."];
  const start = make("a.button.quiet", { href: "/" }, ["核验证书", "Check a certificate"]);
  put([frame("grey", "?", title, make("p.lead", {}, why), make("div.actions.full", {}, start))], title);
}

function showTrouble(error) {
  const title = ["未能完成", "It could not be done"];
  const again = make("button.button", { type: "button" }, ["再试一次", "Try again"]);
  again.addEventListener("click", open);
  const words = error.code === "TOO_MANY" ? ["查询过于频繁，请一分钟后再试。", "Asked too often. Try again in a minute."] : wordsFor(error);
  put([frame("grey", "?", title, make("p.lead", {}, words), make("div.actions.full", {}, again))], title);
}

function put(panels, said) {
  $("result").replaceChildren(...panels);
  localise($("result"));
  $("said").replaceChildren(say(...said));
  $("result").querySelector("h1")?.focus({ preventScroll: true });
}

function facts(rows) {
  return make("dl.facts", {}, ...rows.filter((row) => row !== null).flatMap(([[zh, en], value]) => [make("dt", {}, [zh, en]), make("dd", {}, value)]));
}
