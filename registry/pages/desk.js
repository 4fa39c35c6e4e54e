/** The desk: who is signed in, which parts they see, and what was signed and has no answer yet. */

import { localise, make } from "/assets/language.js";
import { hasCryptography, keyOf, listWaiting } from "/assets/keystore.js";
import { current, dutyWords, problemNotice, signOut } from "/assets/session.js";
import { clear, startIntake } from "/assets/desk_intake.js";
import { startLook } from "/assets/desk_look.js";
import { startReview } from "/assets/desk_review.js";
import { startScan } from "/assets/desk_scan.js";
import { send } from "/assets/desk_signing.js";

const $ = (id) => document.getElementById(id);
const PARTS = ["intake", "review", "look"];
const COUNTERS = { district: "counter", operator: "city-app" };
let mine = [];
let reviewing = false;
let flow;

await start();

async function start() {
  let session;
  try {
    session = await current();
  } catch (error) {
    $("told").replaceChildren(error.signedOut ? welcome() : problemNotice(error));
    return;
  }
  const key = hasCryptography() ? await keyOf(session.kid).catch(() => null) : null;
  const { role } = session.party;
  const intake = role in COUNTERS && session.duties.includes("intake");
  const review = role === "district" && session.duties.includes("reviewer");
  flow = { session, key, intake, channel: COUNTERS[role] ?? "counter", done: () => {} };
  mine = PARTS.filter((one) => one === "look" || (one === "intake" ? intake : review));
  showWho(session);
  if (intake) {
    startIntake(flow);
    startScan();
  } else if (!review) {
    $("told").replaceChildren(make("div.notice", { "data-tone": "warn" }, make("p", {}, ["您今日没有受理或审核补贴的职责，只能查询申领进度。", "You are appointed neither to take claims in nor to decide them; you can look one up."])));
  }
  startLook(flow);
  window.addEventListener("hashchange", showPart);
  showPart();
  await showWaiting();
}

function welcome() {
  return make(
    "section.card",
    {},
    make("h1", {}, ["补贴经办台", "Subsidy desk"]),
    make("p", {}, ["请先登录。经办台供各区受理和审核创业培训补贴的人员使用。", "Sign in first. The desk is for the officers of the districts who take in and decide claims."]),
    make("div.actions.full", {}, make("a.button", { href: "/sign-in" }, ["登录", "Sign in"])),
  );
}

function showWho(session) {
  const [zh, en] = dutyWords(session.duties);
  $("who").replaceChildren(make("span", {}, [`${session.party.zh} · ${zh} · 人员 `, `${session.party.en} · ${en} · staff `], make("span.mono", {}, session.staff.slice(0, 8))));
  $("signed").hidden = $("tabs").hidden = false;
  $("tab-intake").hidden = !mine.includes("intake");
  $("tab-review").hidden = !mine.includes("review");
  $("sign-out").addEventListener("click", async () => {
    try {
      await signOut();
      if (mine.includes("intake")) clear();
      location.assign("/sign-in");
    } catch (error) {
      $("told").replaceChildren(problemNotice(error));
    }
  });
}

function showPart() {
  const name = location.hash.slice(1);
  const part = mine.includes(name) ? name : mine[0];
  for (const one of PARTS) $(one).hidden = one !== part;
  for (const link of $("tabs").querySelectorAll("a")) {
    if (link.getAttribute("href") === `#${part}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (part === "review" && !reviewing) {
    reviewing = true;
    startReview(flow);
  }
}

/** Signed with a key of this browser and never answered: to be sent again, the same bytes. */
async function showWaiting() {
  const waiting = hasCryptography() ? await listWaiting().catch(() => []) : [];
  const own = waiting.filter((one) => one.kid === flow.session.kid);
  $("waiting").replaceChildren(...own.map(waitingCard));
  localise($("waiting"));
}

function waitingCard(one) {
  const place = make("div");
  const again = make("button.button", { type: "button" }, ["再次发送", "Send again"]);
  again.addEventListener("click", () => send(place, one, { done: () => {} }));
  place.append(
    make(
      "div.notice",
      { "data-tone": "warn" },
      make("p", {}, "⚠ ", ["有一笔已签名的业务没有收到答复。", "Something was signed and never answered."]),
      make("p.small", {}, ["可以放心再次发送：发出的是同一份签名，只会登记一次。", "Sending again is safe: the same signed bytes are registered once."]),
      make("div.actions", {}, again),
    ),
  );
  return place;
}
