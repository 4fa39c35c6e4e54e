/**
 * The start of the page: camera, picture, PDF, typed code, pasted text. What is read goes to `verify` or `lookUp`; a file
 * leaves the device only after a click.
 */

import { make, say } from "/assets/language.js";
import { showOffline } from "/assets/offline.js";
import { askServer, canRead, mayHaveCamera, readPicture, watch } from "/assets/scan.js";
import { canCheck } from "/assets/verify_gather.js";
import { photographs, readAttached } from "/js/issuers/attached.js";
import { readCode } from "/js/issuers/identifiers.js";

const PDF = "application/pdf";
const UNSEALED = [
  "此 PDF 页面上的盖章没有核验：页面内容可能不实，请以本页显示的内容为准。",
  "The seal on the pages of this PDF was not checked: they may say anything. Believe what is shown here.",
];
const SAID = {
  SCAN_SEVERAL: ["图片中有多个二维码，请裁剪到只剩一个。", "There are several QR codes in the picture: cut it to one."],
  SCAN_TOO_LARGE: ["文件过大。请裁剪，或输入验证码。", "The file is too large. Cut it, or type the code."],
  BODY_SIZE: ["文件过大。请裁剪，或输入验证码。", "The file is too large. Cut it, or type the code."],
  PDF_ALTERED: [
    "这个 PDF 在盖章之后被改动过，请勿采信。请向持证人索取原件，或扫描纸质证书上的二维码。",
    "This PDF was changed after it was sealed: do not rely on it. Ask for the original, or scan the code on the paper.",
  ],
  TOO_MANY: ["识读过于频繁，请一分钟后再试。", "Too many files. Try again in a minute."],
  SCAN_NONE: [
    "没有识读出二维码。请拍清晰、完整、正对的照片，或输入验证码。",
    "No QR code could be read. Take it sharp, whole and from straight above, or type the code.",
  ],
};
const $ = (id) => document.getElementById(id);

let camera = null;
let ways = null;

/**
 * Shows the start and its ways.
 * @param {{verify: (evidence: object, notes?: [string, string][]) => Promise<void>, lookUp: (code: string) => Promise<void>}} to
 */
export async function begin(to) {
  ways = to;
  for (const host of document.querySelectorAll("[data-host]")) host.textContent = location.host;
  $("result").hidden = true;
  $("start").hidden = false;
  $("camera-start").addEventListener("click", startCamera);
  $("camera-stop").addEventListener("click", stopCamera);
  $("photo-choose").addEventListener("click", () => $("photo").click());
  $("photo").addEventListener("change", () => {
    const [file] = $("photo").files;
    $("photo").value = "";
    if (file !== undefined) takeFile(file);
  });
  $("code-form").addEventListener("submit", submitCode);
  $("text-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if ($("text").value.trim() !== "") ways.verify({ text: $("text").value.trim() });
  });
  $("camera-start").hidden = !(mayHaveCamera() && (await canRead()));
  showOffline(); // waits until the page is kept, which begins after this
}

function scanSays(zh, en, tone = "info", ...more) {
  $("scan-said").replaceChildren(make("div.notice", { "data-tone": tone }, make("p", {}, [zh, en]), ...more));
}

async function startCamera() {
  camera = new AbortController();
  $("camera").hidden = $("camera-stop").hidden = false;
  $("camera-start").hidden = true;
  $("scan-said").replaceChildren();
  $("camera-stop").focus();
  try {
    const text = await watch($("video"), camera.signal);
    if (text !== null) await ways.verify({ text: text.trim() });
  } catch {
    scanSays("摄像头打不开或未获允许。请改用“拍照、图片或 PDF”。", "The camera cannot be opened or is not allowed. Take or choose a picture instead.", "warn");
  } finally {
    stopCamera();
  }
}

function stopCamera() {
  const back = document.activeElement === $("camera-stop");
  camera?.abort();
  $("camera").hidden = $("camera-stop").hidden = true;
  $("camera-start").hidden = false;
  if (back) $("camera-start").focus();
}

async function takeFile(file) {
  scanSays("正在识读……", "Reading…");
  try {
    const found = file.type === PDF ? await fromPdf(file) : await fromPicture(file);
    if (found !== null) {
      await ways.verify(found, found.credential === undefined ? [] : [UNSEALED]);
      return;
    }
  } catch (error) {
    if (error?.code === "SCAN_SEVERAL") {
      scanSays(...SAID.SCAN_SEVERAL, "warn");
      return;
    }
    if (error?.name === undefined) throw error;
  }
  offerToSend(file);
}

async function fromPicture(picture) {
  if (!(await canRead())) return null;
  const text = await readPicture(picture);
  return text === null ? null : { text: text.trim() };
}

/** What is attached goes before what is shown; a PDF that was scanned has photographs only. */
async function fromPdf(file) {
  if (!canCheck()) return null; // the server's verdict is asked with a text, and it reads that from the file
  const pdf = new Uint8Array(await file.arrayBuffer());
  try {
    return await readAttached(pdf);
  } catch {
    // not one of ours, or packed otherwise: perhaps a scan of the paper
  }
  for (const photograph of photographs(pdf)) {
    const found = await fromPicture(new Blob([photograph], { type: "image/jpeg" })).catch(() => null);
    if (found !== null) return found;
  }
  return null;
}

function offerToSend(file) {
  const send = make("button.button", { type: "button" }, ["发送文件识读", "Send the file"]);
  send.addEventListener("click", () => sendFile(file));
  scanSays(
    "浏览器没有识读出二维码。可以把文件发送给服务器识读：文件中含有姓名等信息，服务器读后即弃，不保存。",
    "The browser read no code in it. The file can be sent to the server to be read: it shows a name; the server forgets it at once.",
    "warn",
    make("div.actions", {}, send),
  );
}

async function sendFile(file) {
  scanSays("正在识读……", "Reading…");
  try {
    const { qr, sealed } = await askServer(file);
    await ways.verify({ text: qr.trim() }, sealed === false ? [UNSEALED] : []);
  } catch (error) {
    scanSays(...(SAID[error?.code] ?? SAID.SCAN_NONE), error?.code === "PDF_ALTERED" ? "bad" : "warn");
  }
}

function submitCode(event) {
  event.preventDefault();
  const problem = $("code-problem");
  try {
    const code = readCode($("code").value);
    $("code").removeAttribute("aria-invalid");
    problem.hidden = true;
    ways.lookUp(code);
  } catch (error) {
    const check = ["校验位不符，请核对是否输错。", "The check digit does not fit: compare the digits again."];
    const form = ["验证码应为 16 位数字。", "The code has 16 digits."];
    problem.replaceChildren(say(...(error.code === "CODE_CHECK" ? check : form)));
    problem.hidden = false;
    $("code").setAttribute("aria-invalid", "true");
    $("code").focus();
  }
}
