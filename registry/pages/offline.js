/**
 * The page without a network: starts the worker that keeps it, has the trust bundle and its parts kept, says how much of
 * it is here, and offers to install the page. Where the browser has none of this, nothing is shown and nothing is missing.
 */

import { make } from "/assets/language.js";
import { startKeeper } from "/assets/trusted_scripts.js";
import { alarmAbove } from "/assets/verify_alarm.js";
import { keepParts, trustNow } from "/assets/verify_trust.js";

const COMING = [
  "本页已保存到本机。正在下载各评价机构的信任数据，下载完成后，没有网络也能核验……",
  "This page is kept on this device. The trust data of the evaluation bodies is on its way: once it is here, codes can be checked without a network as well…",
];
const SOME = [
  "本页已保存到本机，但部分评价机构的信任数据还没有下载完，没有网络时不能核验这些机构的证书。请联网后再打开一次。",
  "This page is kept on this device, but the trust data of some evaluation bodies is not yet: without a network their certificates cannot be checked. Open it once more with a network.",
];
const NONE = [
  "本页已保存到本机，但还没有可用的信任数据。请联网后再打开一次。",
  "This page is kept on this device, but no trust data is yet. Open it once more with a network.",
];
const $ = (id) => document.getElementById(id);
let offer = null;

/** Starts to keep this page. */
export async function keepPage() {
  if (!globalThis.isSecureContext || !("serviceWorker" in navigator)) return;
  try {
    await startKeeper();
  } catch {
    // forbidden here (a private window, some programs that show pages): the page works as long as there is a network
  }
}

/** On the start of the page: what is here without a network, and the way to install. */
export async function showOffline() {
  if (!globalThis.isSecureContext || !("serviceWorker" in navigator)) return;
  const controlled = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // A newer version took over from an older one: load it whole, unless somebody is in the middle of something.
    if (controlled && !$("start").hidden && $("camera").hidden) location.reload();
  });
  await navigator.serviceWorker.ready;
  $("offline").hidden = false;
  let trust = null;
  try {
    trust = await trustNow();
    sayKept(await keepParts(trust, { onMissing: () => say(COMING, "coming") }));
  } catch (error) {
    if (alarmAbove($("start"), error)) $("offline").hidden = true;
    else if (trust === null) say(NONE, "none");
    else say(SOME, "some");
  }
}

function sayKept({ bundle }) {
  const at = new Date(bundle.made_at * 1000).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 16);
  const words = [
    `本页已保存到本机：没有网络也能扫码核验。信任数据截至 ${at}（北京时间）。`,
    `This page is kept on this device: it checks codes without a network as well. Trust data as of ${at}, Beijing time.`,
  ];
  say(words, "all");
}

function say(words, kept) {
  $("offline-said").replaceChildren(make("span", { "data-kept": kept }, words));
}

globalThis.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  const button = $("install");
  button.hidden = false;
  button.onclick = async () => {
    button.hidden = true;
    await offer.prompt();
  };
});
