/**
 * The page at /v/{code} and at /: takes the text of a QR code from its own address, or what the start (verify_start.js)
 * brings, and shows the verdict. The fragment is read once and taken out of address bar and history at once.
 */

import { localise, make, say } from "/assets/language.js";
import { keepPage } from "/assets/offline.js";
import { alarmAbove, alarmPanel, isAlarm } from "/assets/verify_alarm.js";
import { canCheck, publicAnswer, serversVerdict, verdictOn, wordsOf } from "/assets/verify_gather.js";
import { elsewhere, leadsTo, reporting } from "/assets/verify_report.js";
import { frame, maskedPanels, toneOf, verdictPanels } from "/assets/verify_shown.js";
import { begin } from "/assets/verify_start.js";
import { keepParts } from "/assets/verify_trust.js";
import { checkCode } from "/js/issuers/identifiers.js";

const UNREACHABLE = ["服务没有应答，请检查网络后再试。", "The service does not answer. Check the network and try again."];
const BUSY = ["查询过于频繁，请一分钟后再试。", "Asked too often. Try again in a minute."];
const OFFLINE = ["现在没有网络。二维码仍可在本机核验；验证码查询需要联网。", "There is no network now. QR codes can still be checked on this device; typed codes cannot be looked up."];
const $ = (id) => document.getElementById(id);

function show(panels, tone, said) {
  $("start").hidden = true;
  $("result").replaceChildren(...panels);
  $("result").hidden = false;
  localise($("result"));
  // Readers of screens hear the state at once; the heading takes the focus for whoever reads on.
  $(tone === "bad" ? "alarm" : "said").replaceChildren(say(said[0], said[1]));
  $("result").querySelector("h1")?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function busy() {
  const wait = ["正在核验……", "Checking…"];
  $("start").hidden = true;
  $("result").replaceChildren(make("div.card", {}, make("h1.busy", { tabindex: "-1" }, wait)));
  $("result").hidden = false;
  $("said").replaceChildren(say(...wait));
}

/** @param {import("/js/verify/check.js").Evidence} evidence @param {[string, string][]} [before] notes on where it is from */
async function verify(evidence, before = []) {
  busy();
  if (!canCheck()) {
    offerServer(evidence.text);
    return;
  }
  try {
    const words = await wordsOf();
    const { verdict, trust, notes, genesis } = await verdictOn(evidence, words);
    const [origin, hosts] = trust === null ? [null, []] : [trustLine(trust), trust.bundle.hosts];
    const leads = verdict.code === "QR_OTHER_HOST" ? leadsTo(evidence.text) : null;
    const panels = verdictPanels(verdict, words, { notes: [...before, ...notes], origin, hosts, leads });
    const alarm = isAlarm(verdict.code) ? [alarmPanel(verdict.code, genesis)] : [];
    if (leads !== null) alarm.push(elsewhere(evidence.text, hosts));
    const undecided = verdict.state === "could_not_check" || (verdict.facts !== null && notes.length > 0);
    const retry = undecided && alarm.length === 0 ? [retryPanel(evidence, before, verdict.facts === null)] : [];
    show([...panels.slice(0, 1), ...alarm, ...retry, ...panels.slice(1)], toneOf(verdict.state), [verdict.title.zh, verdict.title.en]);
    // Beside it, for the next time: nobody waits for it, but what contradicts what was seen is said.
    if (trust !== null) keepParts(trust).catch((error) => alarmAbove($("result"), error));
  } catch (error) {
    failed(error, () => verify(evidence, before));
  }
}

/** Over plain HTTP a browser has no cryptography: this page says so, and asks before it sends anything. */
function offerServer(text) {
  const title = ["本机不能核验", "This device cannot check"];
  const button = make("button.button", { type: "button" }, ["发送给服务器核验", "Send it to the server to check"]);
  button.addEventListener("click", async () => {
    busy();
    try {
      const [words, verdict] = await Promise.all([wordsOf(), serversVerdict(text)]);
      const panels = verdictPanels(verdict, words, { byServer: true, hosts: [location.origin] });
      show(panels, toneOf(verdict.state), [verdict.title.zh, verdict.title.en]);
    } catch (error) {
      failed(error, () => offerServer(text));
    }
  });
  const why = [
    "本页不是通过加密连接（https）打开的，或浏览器过旧，因此浏览器不提供核验签名的功能。",
    "This page was not opened over an encrypted connection (https), or the browser is too old: it offers no way to check signatures.",
  ];
  const what = [
    "可以改由服务器核验。那时二维码的全部内容（含姓名）会发送给服务器；服务器不保存。您也就要相信服务器的回答。",
    "The server can check instead. The whole text of the code, the name included, then goes to the server, which does not keep it; and you take the server's word.",
  ];
  show([frame("grey", "?", title, make("p", {}, why), make("p", {}, what), make("div.actions.full", {}, button)), reporting()], "grey", title);
}

/** The address had a code and no fragment: some programs drop what follows the # sign. */
async function lostFragment(code) {
  const lost = make("div.notice", { "data-tone": "warn" }, make("p", {}, [
    "网址中缺少二维码的签名部分（# 之后的内容），可能被聊天软件或浏览器去掉了，因此无法核验签名。请用手机相机重新扫描证书上的二维码。",
    "The signed part of the code, after the # sign, is missing from the address; a chat program or browser may have dropped it. Scan the code on the certificate again with your camera.",
  ]));
  await lookUp(code, [lost]);
}

async function lookUp(code, before = []) {
  busy();
  try {
    const [{ found }, words] = await Promise.all([publicAnswer(code), wordsOf()]);
    const panels = maskedPanels(code, found, words);
    const said = found === null ? ["查无此证", "No certificate has this code"] : ["登记信息", "Registered particulars"];
    show([...before, ...panels], "grey", said);
  } catch (error) {
    failed(error, () => lookUp(code, before));
  }
}

function failed(error, again) {
  const title = ["未能完成", "It could not be done"];
  const unavailable = error?.name === "Unavailable";
  const away = navigator.onLine === false ? OFFLINE : UNREACHABLE;
  const why = error?.code === "REMOTE_BUSY" ? BUSY : unavailable ? away : ["本页出现故障，未作出任何结论。", "A fault of this page; nothing is concluded."];
  const button = make("button.button", { type: "button" }, ["再试一次", "Try again"]);
  button.addEventListener("click", again);
  const code = make("p.small.dim.mono", {}, error?.code ?? String(error?.name));
  show([frame("grey", "?", title, make("p.lead", {}, why), code, make("div.actions.full", {}, button)), reporting()], "grey", title);
}

function trustLine(trust) {
  const short = trust.bundle.genesis.slice(0, 16).replace(/(.{4})(?=.)/g, "$1 ");
  const mark = make("span.mono", { title: trust.bundle.genesis }, `${short} …`);
  const first = ["首次在本浏览器核验，已记住登记系统的创世指纹：", "First check in this browser; the registry's genesis fingerprint is remembered: "];
  const known = ["创世指纹与以前记住的一致：", "The genesis fingerprint is the one remembered: "];
  return make("p.small.dim", {}, trust.pinned ? known : first, mark);
}

function retryPanel(evidence, before, mayAsk) {
  const again = make("button.button", { type: "button" }, ["再核验一次", "Check again"]);
  again.addEventListener("click", () => verify(evidence, before));
  const server = make("button.button.quiet", { type: "button" }, ["由服务器核验……", "Let the server check…"]);
  server.addEventListener("click", () => offerServer(evidence.text));
  return make("div.actions.full.no-print", {}, again, mayAsk && evidence.text !== undefined ? server : null);
}

async function open() {
  const [text, path] = [location.href, location.pathname];
  if (location.hash !== "") history.replaceState(null, "", path);
  const code = /^\/v\/(.*)$/.exec(path)?.[1];
  if (code !== undefined && text.includes("#")) {
    await verify({ text });
    return;
  }
  try {
    if (code !== undefined) {
      await lostFragment(checkCode(code));
      return;
    }
  } catch {
    // an address with something that is no code: the start says what to do
  }
  await begin({ verify, lookUp });
}

window.addEventListener("hashchange", () => location.reload());
open().finally(keepPage);
