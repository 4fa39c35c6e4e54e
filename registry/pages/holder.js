/**
 * The holder's page: code and document are sent once, in a body, and kept nowhere; what comes back is on the screen for as
 * long as the visit lasts and then is gone from it, also when somebody comes back by the browser's own button.
 */

import { localise, make, say } from "/assets/language.js";
import { readsCard } from "/assets/holder_reads.js";
import { certificateCard } from "/assets/holder_shown.js";
import { stamp, wordsFor } from "/assets/holder_words.js";
import { ask, signedIn } from "/assets/session.js";
import { ID_TYPES, normaliseId } from "/js/issuers/documents.js";
import { readCode } from "/js/issuers/identifiers.js";

const CURRENT = "/api/holder/visits/current";
const TICK_MS = 1_000;
const $ = (id) => document.getElementById(id);
let ends = 0;
let ticking;

start();

async function start() {
  for (const host of document.querySelectorAll("[data-host]")) host.textContent = location.host;
  $("id_type").replaceChildren(...ID_TYPES.map(([value, zh, en]) => make("option", { value, "data-zh": zh, "data-en": en })));
  localise();
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    enter();
  });
  $("leave").addEventListener("click", leave);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // a page brought back whole would show what has ended
  });
  try {
    show(await ask("GET", CURRENT));
  } catch {
    // nobody has entered anything yet, which is how one comes here
  }
}

async function enter() {
  const shown = read();
  if (shown === null) return;
  $("enter-button").disabled = true;
  $("told").replaceChildren(make("p.busy", { role: "status" }, ["正在核对……", "Checking…"]));
  try {
    const told = await ask("POST", "/api/holder/visits", shown);
    $("form").reset();
    show(told);
  } catch (error) {
    $("told").replaceChildren(trouble(error));
    localise($("told"));
    $("told").scrollIntoView({ block: "nearest" });
  }
  $("enter-button").disabled = false;
}

/** Code and document in normal form, or null when a field is named instead. */
function read() {
  const found = { id_type: $("id_type").value };
  let first = null;
  for (const [id, of] of [["code", () => readCode($("code").value)], ["id_number", number]]) {
    try {
      found[id] = of();
      complain(id, null);
    } catch (error) {
      complain(id, wordsFor(error));
      first ??= id;
    }
  }
  if (first === null) return found;
  $(first).focus();
  return null;
}

function number() {
  const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  return normaliseId($("id_type").value, $("id_number").value, today);
}

function complain(id, words) {
  const problem = $(`${id}-problem`);
  problem.hidden = words === null;
  problem.replaceChildren(...(words === null ? [] : [say(...words)]));
  if (words === null) $(id).removeAttribute("aria-invalid");
  else $(id).setAttribute("aria-invalid", "true");
}

function show(told) {
  signedIn({ csrf: told.csrf, kid: "" });
  ends = Date.now() + told.seconds_left * 1_000;
  $("told").replaceChildren();
  $("enter").hidden = true;
  const many = told.certificates.length;
  const heading = make("h1", { tabindex: "-1" }, [`我的证书（${many} 张）`, many === 1 ? "My certificate" : `My ${many} certificates`]);
  const cards = told.certificates.map((one) => certificateCard(one, told.today, trouble));
  $("own").replaceChildren(heading, ...cards, readsCard(told.reads, told.certificates, trouble));
  localise($("own"));
  $("said").replaceChildren(say("已显示您的证书。", "Your certificates are shown."));
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  clearInterval(ticking);
  ticking = setInterval(tick, TICK_MS);
  tick();
  $("visit").hidden = false;
}

function tick() {
  const seconds = Math.max(0, Math.round((ends - Date.now()) / 1_000));
  if (seconds === 0) {
    clear(["查看时间已到，页面已清除。需要时请重新核对身份。", "The time is over and the page was cleared. Check your identity again if you need more."]);
    return;
  }
  const minutes = Math.ceil(seconds / 60);
  const until = stamp(ends).slice(-5);
  const words = [`${minutes} 分钟后（${until}）自动清除`, `Clears itself in ${minutes} min, at ${until}`];
  if ($("left").dataset.minutes === String(minutes)) return; // said once a minute, not each second
  $("left").dataset.minutes = String(minutes);
  $("left").replaceChildren(say(...words));
}

/** What is on the screen goes first, whatever becomes of the visit: it ends by itself where nobody can be told. */
async function leave() {
  clear(["已退出，页面已清除。", "You have left, and the page was cleared."]);
  try {
    await ask("DELETE", CURRENT);
  } catch (error) {
    if (!error.signedOut) $("told").append(trouble(error));
  }
}

function clear(words) {
  clearInterval(ticking);
  $("own").replaceChildren();
  $("visit").hidden = true;
  $("enter").hidden = false;
  $("left").removeAttribute("data-minutes");
  $("told").replaceChildren(make("div.notice", { "data-tone": "info", role: "status" }, make("p", {}, words)));
  window.scrollTo(0, 0);
}

/** What went wrong, in words, and what to do. @param {unknown} error */
function trouble(error) {
  if (error.signedOut) {
    clear(["查看时间已到，页面已清除。需要时请重新核对身份。", "The time is over and the page was cleared. Check your identity again if you need more."]);
    return make("span");
  }
  const [zh, en] = wordsFor(error);
  return make("div.notice", { "data-tone": error.passing ? "warn" : "bad", role: "alert" }, make("p", {}, "✘ ", [zh, en]));
}
