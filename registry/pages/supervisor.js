/** The supervisor's page: who is signed in, which part is shown, and what went wrong. */

import { localise, make } from "/assets/language.js";
import { Problem, current, signOut } from "/assets/session.js";
import { problemNotice } from "/assets/supervisor_api.js";
import { showAudits } from "/assets/supervisor_audits.js";
import { showClass, showClasses } from "/assets/supervisor_classes.js";
import { showHealth } from "/assets/supervisor_health.js";
import { showIssuing } from "/assets/supervisor_issuing.js";
import { showCertificate, showTrace } from "/assets/supervisor_trace.js";

const view = document.getElementById("view");
const told = document.getElementById("told");
const tabs = document.getElementById("tabs");
const who = document.getElementById("who");

const PARTS = { health: showHealth, trace: showTrace, classes: showClasses, audits: showAudits, issuing: showIssuing };
const OF_ONE = { class: ["classes", showClass], certificate: ["trace", showCertificate] };
let shown = 0;

/** Which part the address names: #health, or #class/<id> and #certificate/<id> (random ids of the log). */
function wanted() {
  const [name, id] = location.hash.slice(1).split("/");
  if (name in OF_ONE && /^[0-9a-f]{32}$/.test(id ?? "")) {
    const [tab, show] = OF_ONE[name];
    return { tab, show: (place, alive) => show(place, alive, id) };
  }
  const tab = name in PARTS ? name : "health";
  return { tab, show: PARTS[tab] };
}

async function render() {
  const turn = ++shown;
  const alive = () => turn === shown;
  const { tab, show } = wanted();
  for (const link of tabs.querySelectorAll("a")) {
    if (link.getAttribute("href") === `#${tab}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = make("div");
  told.replaceChildren();
  view.replaceChildren(make("p.busy", {}, ["正在读取…", "Loading…"]));
  view.setAttribute("aria-busy", "true");
  try {
    await show(place, alive);
    if (!alive()) return;
    view.replaceChildren(place);
    localise(view);
  } catch (error) {
    if (!alive()) return;
    view.replaceChildren();
    fail(error);
  } finally {
    if (alive()) view.setAttribute("aria-busy", "false");
  }
}

function fail(error) {
  if (error instanceof Problem && (error.status === 401 || error.code === "ACCESS_DUTY")) {
    tabs.hidden = true;
    who.hidden = true;
    view.replaceChildren(signInCard(error));
    return;
  }
  told.replaceChildren(problemNotice(error));
}

function signInCard(error) {
  return make(
    "div.card",
    {},
    make("h1", {}, ["区督导台", "District supervision"]),
    problemNotice(error),
    make("p", {}, [
      "本页供各区督导员使用：查看账本状况，追溯证书，运行核查，查看颁发统计。请用督导员的密钥登录。",
      "For the supervisors of the districts: the state of the log, the chain behind a certificate, audits, issuing. Sign in with a supervisor's key.",
    ]),
    make("div.actions", {}, make("a.button", { href: "/sign-in" }, ["登录", "Sign in"])),
    make("p.small.dim", {}, ["或在自己的电脑上运行：", "Or on your own machine:"]),
    make("code.command", {}, "malan-sign sign-in"),
  );
}

function showWho(session) {
  const out = make("button.button.quiet.small", { type: "button" }, ["退出", "Sign out"]);
  out.addEventListener("click", async () => {
    await signOut().catch(() => null);
    location.reload();
  });
  const name = make("span", {}, [session.party.zh, session.party.en], " · ", ["督导员", "supervisor"], ` ${session.staff.slice(0, 8)}`);
  who.replaceChildren(name, out);
  who.hidden = false;
}

async function begin() {
  try {
    const session = await current();
    if (session.party.role !== "district" || !session.duties.includes("supervisor")) {
      throw new Problem(403, "ACCESS_DUTY");
    }
    showWho(session);
    tabs.hidden = false;
    window.addEventListener("hashchange", render);
    await render();
  } catch (error) {
    fail(error);
  }
}

document.addEventListener("malan-language", () => localise());
begin();
