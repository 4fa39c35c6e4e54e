/**
 * The page at /v/{code} and at /: takes the text of a QR code from its own address, the camera, a picture or the
 * keyboard, and shows the verdict. The fragment is read once and taken out of address bar and history at once.
 */

import { localise, make, say } from "/assets/language.js";
import { askServer, canRead, mayHaveCamera, readPicture, watch } from "/assets/scan.js";
import { canCheck, forgetPin, publicAnswer, rememberedPin, serversVerdict, verdictOn, wordsOf } from "/assets/verify_gather.js";
import { frame, maskedPanels, reporting, toneOf, verdictPanels } from "/assets/verify_shown.js";
import { checkCode, readCode } from "/js/issuers/identifiers.js";

const ALARMS = ["TRUST_GENESIS", "TRUST_OLDER", "TRUST_FORK", "TRUST_ACTS", "TRUST_POLICY_CHANGED", "LOG_FORKED"];
const UNREACHABLE = ["服务没有应答，请检查网络后再试。", "The service does not answer. Check the network and try again."];
const BUSY = ["查询过于频繁，请一分钟后再试。", "Asked too often. Try again in a minute."];
const $ = (id) => document.getElementById(id);

let camera = null;

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

async function verify(text) {
  busy();
  if (!canCheck()) {
    offerServer(text);
    return;
  }
  try {
    const words = await wordsOf();
    const { verdict, trust, notes, genesis } = await verdictOn(text, words);
    const known = trust === null ? [null, []] : [trustLine(trust), trust.bundle.hosts];
    const panels = verdictPanels(verdict, words, { notes, origin: known[0], hosts: known[1] });
    const alarm = ALARMS.includes(verdict.code) ? [alarmPanel(verdict.code, genesis)] : [];
    const retry = verdict.state === "could_not_check" && alarm.length === 0 ? [retryPanel(text)] : [];
    show([...panels.slice(0, 1), ...alarm, ...retry, ...panels.slice(1)], toneOf(verdict.state), [verdict.title.zh, verdict.title.en]);
  } catch (error) {
    failed(error, () => verify(text));
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
  const why = error?.code === "REMOTE_BUSY" ? BUSY : unavailable ? UNREACHABLE : ["本页出现故障，未作出任何结论。", "A fault of this page; nothing is concluded."];
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

/** What was remembered and what came now contradict each other: the loudest thing this page can say. */
function alarmPanel(code, genesis) {
  const what = [
    "登记系统出示的信任依据，与本浏览器以前见到的不一致。这可能是系统更换，也可能是冒充。请勿采信本次结果，并拨打 12333 核实。",
    "What the registry shows contradicts what this browser saw before. The system may have been replaced, or somebody poses as it. Do not rely on this result; ask 12333.",
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
  return make("div.notice", { "data-tone": "bad" }, ...inside);
}

function retryPanel(text) {
  const again = make("button.button", { type: "button" }, ["再核验一次", "Check again"]);
  again.addEventListener("click", () => verify(text));
  const server = make("button.button.quiet", { type: "button" }, ["由服务器核验……", "Let the server check…"]);
  server.addEventListener("click", () => offerServer(text));
  return make("div.actions.full.no-print", {}, again, server);
}

// The start of the page: camera, picture, code, pasted text.

function scanSays(zh, en, tone = "info", ...more) {
  $("scan-said").replaceChildren(make("div.notice", { "data-tone": tone }, make("p", {}, [zh, en]), ...more));
}

async function startCamera() {
  camera = new AbortController();
  $("camera").hidden = $("camera-stop").hidden = false;
  $("camera-start").hidden = true;
  $("scan-said").replaceChildren();
  try {
    const text = await watch($("video"), camera.signal);
    if (text !== null) await verify(text.trim());
  } catch {
    scanSays("摄像头打不开或未获允许。请改用“拍照或选择图片”。", "The camera cannot be opened or is not allowed. Take or choose a picture instead.", "warn");
  } finally {
    stopCamera();
  }
}

function stopCamera() {
  camera?.abort();
  $("camera").hidden = $("camera-stop").hidden = true;
  $("camera-start").hidden = false;
}

async function takePicture(picture) {
  scanSays("正在识读图片……", "Reading the picture…");
  const text = (await canRead()) ? await readPicture(picture).catch(() => null) : null;
  if (text !== null) {
    await verify(text.trim());
    return;
  }
  const send = make("button.button", { type: "button" }, ["发送图片识读", "Send the picture"]);
  send.addEventListener("click", () => sendPicture(picture));
  scanSays(
    "浏览器没有识读出二维码。可以把图片发送给服务器识读：图片中含有姓名等信息，服务器读后即弃，不保存。",
    "The browser read no code in it. The picture can be sent to the server to be read: it shows a name; the server forgets it at once.",
    "warn",
    make("div.actions", {}, send),
  );
}

async function sendPicture(picture) {
  scanSays("正在识读图片……", "Reading the picture…");
  try {
    await verify((await askServer(picture)).trim());
  } catch (error) {
    const several = ["图片中有多个二维码，请裁剪到只剩一个。", "There are several QR codes in the picture: cut it to one."];
    const none = ["没有识读出二维码。请拍清晰、完整、正对的照片，或输入验证码。", "No QR code could be read. Take it sharp, whole and from straight above, or type the code."];
    scanSays(...(error?.code === "SCAN_SEVERAL" ? several : none), "warn");
  }
}

function submitCode(event) {
  event.preventDefault();
  const problem = $("code-problem");
  try {
    const code = readCode($("code").value);
    $("code").removeAttribute("aria-invalid");
    problem.hidden = true;
    lookUp(code);
  } catch (error) {
    const check = ["校验位不符，请核对是否输错。", "The check digit does not fit: compare the digits again."];
    const form = ["验证码应为 16 位数字。", "The code has 16 digits."];
    problem.replaceChildren(say(...(error.code === "CODE_CHECK" ? check : form)));
    problem.hidden = false;
    $("code").setAttribute("aria-invalid", "true");
    $("code").focus();
  }
}

async function begin() {
  for (const host of document.querySelectorAll("[data-host]")) host.textContent = location.host;
  $("result").hidden = true;
  $("start").hidden = false;
  $("camera-start").hidden = !(mayHaveCamera() && (await canRead()));
  $("camera-start").addEventListener("click", startCamera);
  $("camera-stop").addEventListener("click", stopCamera);
  $("photo-choose").addEventListener("click", () => $("photo").click());
  $("photo").addEventListener("change", () => {
    const [picture] = $("photo").files;
    $("photo").value = "";
    if (picture !== undefined) takePicture(picture);
  });
  $("code-form").addEventListener("submit", submitCode);
  $("text-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if ($("text").value.trim() !== "") verify($("text").value.trim());
  });
}

async function open() {
  const [text, path] = [location.href, location.pathname];
  if (location.hash !== "") history.replaceState(null, "", path);
  const code = /^\/v\/(.*)$/.exec(path)?.[1];
  if (code !== undefined && text.includes("#")) {
    await verify(text);
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
  await begin();
}

window.addEventListener("hashchange", () => location.reload());
open();
