/**
 * The page without a network: starts the worker that keeps it, has a trust bundle kept, says since when both are here, and
 * offers to install the page. Where the browser has none of this, nothing is shown and nothing is missing.
 */

import { make } from "/assets/language.js";
import { startKeeper } from "/assets/trusted_scripts.js";
import { prepare } from "/assets/verify_gather.js";

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
  try {
    sayKept((await prepare()).bundle.made_at);
  } catch {
    say(["本页已保存到本机，但还没有可用的信任数据。请联网后再打开一次。", "This page is kept on this device, but no trust data is yet. Open it once more with a network."]);
  }
}

function sayKept(seconds) {
  const at = new Date(seconds * 1000).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 16);
  say([
    `本页已保存到本机：没有网络也能扫码核验。信任数据截至 ${at}（北京时间）。`,
    `This page is kept on this device: it checks codes without a network as well. Trust data as of ${at}, Beijing time.`,
  ]);
}

function say(words) {
  $("offline-said").replaceChildren(make("span", {}, words));
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
