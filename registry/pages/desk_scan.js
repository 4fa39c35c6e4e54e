/** Scanning at the counter: camera or picture; what is read goes into the field, and nothing else happens by itself. */

import { make } from "/assets/language.js";
import { askServer, canRead, mayHaveCamera, readPicture, watch } from "/assets/scan.js";

const $ = (id) => document.getElementById(id);
let stop = null;

/** Shows the ways there are in this browser. */
export async function startScan() {
  const able = await canRead();
  $("camera-start").hidden = !(able && mayHaveCamera());
  $("camera-start").addEventListener("click", byCamera);
  $("camera-stop").addEventListener("click", () => stop?.abort());
  $("photo-choose").addEventListener("click", () => $("photo").click());
  $("photo").addEventListener("change", () => byPicture(able));
}

async function byCamera() {
  stop = new AbortController();
  $("camera").hidden = $("camera-stop").hidden = false;
  $("camera-start").hidden = true;
  say([]);
  try {
    take(await watch($("video"), stop.signal));
  } catch {
    say(["打不开摄像头。请允许使用摄像头，或选择图片、粘贴文字。", "The camera cannot be used. Allow it, choose a picture, or paste the text."]);
  } finally {
    $("camera").hidden = $("camera-stop").hidden = true;
    $("camera-start").hidden = false;
  }
}

async function byPicture(able) {
  const [picture] = $("photo").files;
  $("photo").value = "";
  if (picture === undefined) return;
  say(["正在读取图片…", "Reading the picture…"]);
  try {
    take((able && picture.type !== "application/pdf" ? await readPicture(picture) : null) ?? (await askServer(picture)).qr);
  } catch {
    say(["图片中没有读到二维码。请靠近、对正、避开反光再拍，或粘贴文字。", "No code was read in the picture. Take it closer and without glare, or paste the text."]);
  }
}

function take(text) {
  if (text === null) return;
  $("qr").value = text;
  say(["✔ 已读入二维码。", "✔ The code was read."]);
  $("id_number").focus();
}

function say(words) {
  $("scan-said").replaceChildren(...(words.length === 0 ? [] : [make("p.small", {}, words)]));
}
