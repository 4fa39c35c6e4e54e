/**
 * Signing in: with a key of this browser, which signs a session statement for this very address, or with the ticket that
 * `malan-sign sign-in` put into the fragment. The fragment leaves the history before anything else happens.
 */

import { localise, make } from "/assets/language.js";
import { hasCryptography, listKeys } from "/assets/keystore.js";
import { Problem, ask, current, dutyWords, homeOf, problemNotice, signOut, signedIn } from "/assets/session.js";
import { claimsOf, fromBase64Url, signSession, toBase64Url, webSigner } from "/js/issuers/sign.js";

const TICKET = /^#[A-Za-z0-9_-]{43}$/;
const told = document.getElementById("told");
const keys = document.getElementById("keys");

const fragment = location.hash;
if (fragment !== "") history.replaceState(null, "", location.pathname);

document.getElementById("address").textContent = location.origin;
document.getElementById("command").textContent = `malan-sign sign-in --at ${location.origin}`;
window.addEventListener("hashchange", () => location.reload()); // a ticket opened in the page that is open already

if (fragment !== "") await redeem(fragment);
else await greet();
await showKeys();

async function redeem(text) {
  if (!TICKET.test(text)) {
    told.replaceChildren(problemNotice(new Problem(401, "SESSION_TICKET")));
    return;
  }
  told.replaceChildren(busy());
  try {
    arrive(signedIn(await ask("POST", "/api/sessions", { ticket: text.slice(1) })));
  } catch (error) {
    told.replaceChildren();
    if (error.code === "SESSION_STANDS") await greet();
    told.prepend(problemNotice(error));
  }
}

/** Whoever is signed in already sees who, and may go on or sign out. */
async function greet() {
  let session;
  try {
    session = await current();
  } catch {
    return; // nobody, which is why one comes here
  }
  const [zh, en] = dutyWords(session.duties);
  const home = homeOf(session.duties);
  const out = make("button.button.quiet", { type: "button" }, ["退出登录", "Sign out"]);
  out.addEventListener("click", async () => {
    try {
      await signOut();
      told.replaceChildren();
    } catch (error) {
      told.prepend(problemNotice(error));
    }
  });
  told.replaceChildren(
    make(
      "div.notice",
      { "data-tone": "good", role: "status" },
      make("p", {}, "✔ ", [`已登录：${session.party.zh}，${zh}。`, `Signed in: ${session.party.en}, ${en}.`]),
      make("div.actions", {}, home === null ? null : make("a.button", { href: home }, ["进入工作台", "Go to your page"]), out),
    ),
  );
}

function arrive(session) {
  const home = homeOf(session.duties);
  if (home !== null) location.assign(home);
  else greet();
}

async function showKeys() {
  if (!hasCryptography()) {
    keys.replaceChildren(problemNotice(new Problem(400, "NO_WEBCRYPTO")));
    return;
  }
  let kept;
  try {
    kept = await listKeys();
  } catch (error) {
    keys.replaceChildren(problemNotice(error));
    return;
  }
  const link = make("a", { href: "/keys" }, ["生成或管理密钥", "Make or manage keys"]);
  if (kept.length === 0) {
    keys.replaceChildren(make("p", {}, ["本浏览器还没有密钥。", "This browser has no key yet."]), make("p", {}, link));
    return;
  }
  keys.replaceChildren(make("ul.plain", {}, ...kept.map(choice)), make("p.small", {}, link));
  localise(keys);
}

function choice(key) {
  const button = make("button.button", { type: "button" }, ["用此密钥登录", "Sign in with this key"]);
  const place = make("div");
  button.addEventListener("click", async () => {
    button.disabled = true;
    place.replaceChildren(busy());
    try {
      arrive(await signIn(key));
    } catch (error) {
      place.replaceChildren(problemNotice(error));
    } finally {
      button.disabled = false;
    }
  });
  const name = key.name === "" ? key.party : `${key.name} · ${key.party}`;
  return make("li.choice", {}, make("p", {}, make("strong", {}, name), make("br"), make("span.mono.dim", {}, key.kid)), button, place);
}

async function signIn(key) {
  const offered = await ask("POST", "/api/sessions/nonce", { kid: key.kid });
  const staff = `officer/${key.staff}`;
  if (offered.iss !== key.party || offered.sub !== staff || offered.aud !== key.log) throw new Problem(401, "SESSION_KEY");
  const claims = claimsOf({ iss: key.party, sub: staff, aud: key.log });
  const nonce = fromBase64Url(offered.nonce);
  if (nonce === null) throw new Problem(401, "SESSION_NONCE");
  const raw = await signSession(await webSigner(key.pair), { claims, host: location.origin, nonce });
  return signedIn(await ask("POST", "/api/sessions", { session: toBase64Url(raw) }));
}

function busy() {
  return make("p.busy", { role: "status" }, ["正在登录…", "Signing in…"]);
}
