/** The keys of this browser: made here, never taken out; what the party's admin needs to enrol one; deleted here. */

import { localise, make } from "/assets/language.js";
import { addKey, hasCryptography, isPersistent, listKeys, removeKey, saveFile } from "/assets/keystore.js";
import { Problem, problemNotice } from "/assets/session.js";
import { claimsOf, hex, newKeyPair, signEnrolment, webSigner } from "/js/issuers/sign.js";

const told = document.getElementById("told");
const place = document.getElementById("keys");
const form = document.getElementById("form");
const button = document.getElementById("make");
const FIELDS = {
  party: [/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "单位代号由小写字母、数字和连字符组成。", "An id is lower-case letters, digits and hyphens."],
  staff: [/^[0-9a-f]{32}$/, "人员编号是 32 位小写十六进制字符。", "A staff id has 32 hex digits in lower case."],
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = read();
  if (values === null) return;
  button.disabled = true;
  told.replaceChildren();
  try {
    await makeKey(values);
    form.reset();
  } catch (error) {
    told.replaceChildren(problemNotice(error));
  } finally {
    button.disabled = false;
  }
});
await show();

/** The fields, or null after saying what is wrong with them. */
function read() {
  const values = { name: document.getElementById("name").value.trim() };
  let wrong = null;
  for (const [id, [form_, zh, en]] of Object.entries(FIELDS)) {
    const input = document.getElementById(id);
    const problem = document.getElementById(`${id}-problem`);
    values[id] = input.value.trim();
    const sound = form_.test(values[id]);
    input.setAttribute("aria-invalid", String(!sound));
    problem.hidden = sound;
    problem.replaceChildren(make("span", {}, [zh, en]));
    if (!sound) wrong ??= input;
  }
  wrong?.focus();
  return wrong === null ? values : null;
}

async function makeKey({ party, staff, name }) {
  if (!hasCryptography()) throw new Problem(400, "NO_WEBCRYPTO");
  const log = await logOrigin();
  const pair = await newKeyPair();
  const kid = hex((await webSigner(pair)).public.kid);
  const key = { kid, pair, party, staff, log, name, made: Date.now() };
  await addKey(key);
  await show();
  told.replaceChildren(
    make(
      "div.notice",
      { "data-tone": "good" },
      make("p", {}, "✔ ", ["密钥已生成，编号 ", "The key is made: "], make("span.mono", {}, kid)),
      make("p", {}, ["还差一步：请管理员登记。", "One step is left: your admin enrols it."]),
      ...enrolling(key),
    ),
  );
  told.querySelector("button").focus();
}

/** The name of the log, from the first line of its checkpoint: a key is enrolled for one log. */
async function logOrigin() {
  let answer;
  try {
    answer = await fetch("/log/checkpoint", { cache: "no-store", credentials: "omit" });
  } catch {
    throw new Problem(0, "NETWORK");
  }
  if (!answer.ok) throw new Problem(answer.status, "TRUST_MISSING");
  return (await answer.text()).split("\n", 1)[0];
}

/** The enrolment file and what the admin does with it. */
function enrolling(key) {
  const file = `${key.kid}.cose`;
  const download = make("button.button", { type: "button" }, ["下载登记文件", "Download the enrolment file"]);
  download.addEventListener("click", async () => {
    const claims = claimsOf({ iss: key.party, sub: `officer/${key.staff}`, aud: key.log });
    saveFile(file, await signEnrolment(await webSigner(key.pair), claims), "application/cose");
  });
  const command = `echo "{}" > empty.json\nmalan-sign act key-enrolled empty.json --subject officer/${key.staff} --enrolment ${file}`;
  return [
    make("div.actions", {}, download),
    make("p", {}, [
      "把文件交给本单位管理员（三十天内有效）。管理员在自己的机器上运行：",
      "Give the file to your party's admin; it is good for thirty days. The admin runs, on a machine of their own:",
    ]),
    make("pre.command", { tabindex: "0" }, make("code", {}, command)),
    make("p.small.dim", {}, [
      "文件证明这把密钥在您手中，不含密钥本身。管理员应当面确认文件是您交来的。",
      "The file proves that you hold the key and does not hold the key. The admin makes sure that it came from you.",
    ]),
  ];
}

async function show() {
  if (!hasCryptography()) {
    place.replaceChildren(problemNotice(new Problem(400, "NO_WEBCRYPTO")));
    button.disabled = true;
    return;
  }
  let kept;
  try {
    kept = await listKeys();
  } catch (error) {
    place.replaceChildren(problemNotice(error));
    return;
  }
  if (kept.length === 0) {
    place.replaceChildren(make("p.dim", {}, ["还没有密钥。", "There is none yet."]));
    return;
  }
  const kind = (await isPersistent())
    ? ["浏览器已同意长期保存。", "The browser has agreed to keep them."]
    : ["空间不足时，浏览器可能自行清除。", "The browser may clear them when it runs out of space."];
  place.replaceChildren(make("ul.plain", {}, ...kept.map(shown)), make("p.small.dim", {}, kind));
  localise(place);
}

function shown(key) {
  const remove = make("button.button.small.quiet", { type: "button" }, ["删除…", "Delete…"]);
  const asked = make("div");
  remove.addEventListener("click", () => askRemoval(key, asked, remove));
  return make(
    "li.choice",
    {},
    make(
      "dl.facts",
      {},
      ...fact(["编号", "Key"], make("span.mono", {}, key.kid)),
      ...fact(["单位", "Party"], make("span.mono", {}, key.party)),
      ...fact(["人员", "Staff id"], make("span.mono", {}, key.staff)),
      ...fact(["生成于", "Made"], new Date(key.made).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 16)),
      ...(key.name === "" ? [] : fact(["备注", "Note"], key.name)),
    ),
    make("details.more", {}, make("summary", {}, ["登记文件与命令", "Enrolment file and command"]), ...enrolling(key)),
    make("div.actions", {}, make("a.button.small", { href: "/sign-in" }, ["去登录", "Sign in"]), remove),
    asked,
  );
}

function fact(name, value) {
  return [make("dt", {}, name), make("dd", {}, value)];
}

function askRemoval(key, asked, button_) {
  const yes = make("button.button.small.danger", { type: "button" }, ["删除，不能恢复", "Delete for good"]);
  const no = make("button.button.small.quiet", { type: "button" }, ["保留", "Keep it"]);
  yes.addEventListener("click", async () => {
    await removeKey(key.kid);
    await show();
    told.replaceChildren(make("div.notice", { "data-tone": "info" }, make("p", {}, ["密钥已删除。请管理员撤销它的登记。", "The key is deleted. Have your admin revoke it."])));
  });
  no.addEventListener("click", () => {
    asked.replaceChildren();
    button_.focus();
  });
  asked.replaceChildren(
    make(
      "div.notice",
      { "data-tone": "warn", role: "alert" },
      make("p", {}, ["删除后无法恢复；要再办理业务，须生成新密钥并重新登记。", "It cannot be brought back. To work again you need a new key and a new enrolment."]),
      make("div.actions", {}, yes, no),
    ),
  );
  no.focus();
}
