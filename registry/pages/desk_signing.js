/**
 * Shows an act decoded before it is signed, signs it with the key of this browser, keeps the signed bytes, sends them, and
 * tells how it went. A second press, a retry and a page loaded anew send the very same bytes, so one act is one act.
 *
 * @typedef {{session: any, key: import("/assets/keystore.js").Kept, done: (answer: any) => void,
 *            again?: () => void, cancelled?: () => void}} Flow `again` prepares anew where that is what helps
 */

import { localise, make } from "/assets/language.js";
import { dropWaiting, putWaiting, saveFile } from "/assets/keystore.js";
import { ask, problemNotice } from "/assets/session.js";
import { REASONS, WITHDRAWALS, districtWords, facts, shanghaiTime, valueWords, yuan } from "/assets/desk_words.js";
import { decode, decodeMap, encode } from "/js/ledger/cbor.js";
import { signDraft } from "/js/issuers/claims.js";
import { ID_TYPES } from "/js/issuers/documents.js";
import { fromBase64Url, hex, toBase64Url, webSigner } from "/js/issuers/sign.js";

const KINDS = {
  "claim-submitted": ["提交补贴申领", "Submit a claim for the subsidy"],
  "claim-decided": ["审核补贴申领", "Decide a claim"],
  "claim-withdrawn": ["撤回补贴申领", "Withdraw a claim"],
};
const NAMES = {
  certificate: ["证书（随机编号）", "Certificate (random id)"],
  project: ["项目", "Project"],
  policy: ["政策", "Policy"],
  district: ["审核区", "District that decides"],
  project_nullifier: ["项目占用标记", "Mark of person and project"],
  slot_nullifier: ["名额占用标记", "Mark of person and grant"],
  outcome: ["结论", "Outcome"],
  reasons: ["原因", "Reasons"],
  amount_fen: ["金额", "Amount"],
  release: ["释放项目和名额", "Frees project and grant"],
  reason: ["原因", "Reason"],
};
const OPENED = {
  id_type: ["证件类型", "Kind of document"],
  id_number: ["证件号码", "Document number"],
  organisation: ["创业组织", "Organisation"],
  uscc: ["信用代码", "Credit code"],
  role: ["申请人身份", "Role"],
  founded_on: ["成立日期", "Founded on"],
};

/**
 * @param {HTMLElement} place
 * @param {{kind: string, subject: string, body: object, openings: Uint8Array[]}} drafted
 * @param {Flow & {unconfirmed?: boolean}} flow
 */
export function offerToSign(place, drafted, flow) {
  const sign = make("button.button", { type: "button" }, ["签名并提交", "Sign and send"]);
  const cancel = make("button.button.quiet", { type: "button" }, ["取消，不签名", "Cancel, sign nothing"]);
  const said = make("div");
  cancel.addEventListener("click", () => {
    place.replaceChildren();
    flow.cancelled?.();
  });
  sign.addEventListener("click", async () => {
    sign.disabled = true; // a second press finds nothing to press
    cancel.disabled = true;
    said.replaceChildren(busy(["正在签名…", "Signing…"]));
    try {
      const waiting = await signed(drafted, flow);
      await send(place, waiting, flow);
    } catch (error) {
      said.replaceChildren(problemNotice(error));
      sign.disabled = false;
      cancel.disabled = false;
    }
  });
  place.replaceChildren(
    make(
      "section.card",
      { "data-signing": drafted.kind },
      make("h2", { tabindex: "-1" }, ["请核对将要签名的内容", "Read what you are about to sign"]),
      shownAct(drafted, flow),
      make("p.small.dim", {}, [
        "以上由待签名的字节解码而来。签名后以您的名义进入账本，不能删除。",
        "This was decoded from the very bytes to be signed. Once signed it stands in the log in your name for ever.",
      ]),
      make("div.actions", {}, sign, cancel),
      said,
    ),
  );
  localise(place);
  place.querySelector("h2").focus();
}

/**
 * Sends what waits, and shows the answer in `place`.
 * @param {HTMLElement} place
 * @param {{id: string, kind: string, body: string}} waiting
 * @param {Pick<Flow, "done" | "again">} flow
 */
export async function send(place, waiting, flow) {
  place.replaceChildren(busy(["正在提交…", "Sending…"]));
  let answer;
  try {
    answer = await ask("POST", "/api/subsidy/claims", waiting.body);
  } catch (error) {
    place.replaceChildren(await refusal(error, place, waiting, flow));
    place.firstElementChild.scrollIntoView({ block: "nearest" });
    return;
  }
  await dropWaiting(waiting.id);
  place.replaceChildren(receiptCard(answer, waiting.kind));
  place.querySelector("h2").focus();
  flow.done(answer);
}

/** What the log answered, with the receipt to keep. */
function receiptCard(answer, kind) {
  const keep = make("button.button.quiet.small", { type: "button" }, ["下载回执", "Download the receipt"]);
  keep.addEventListener("click", () => {
    saveFile(`receipt-${answer.seq}.cose`, fromBase64Url(answer.receipt), "application/cose");
  });
  const known = answer.status === "known" ? ["（此前已记入，没有重复登记）", " (it was there already; nothing was registered twice)"] : null;
  return make(
    "section.verdict",
    { "data-tone": "good", "data-receipt": answer.claim },
    make(
      "div.verdict-head",
      {},
      make("div.verdict-icon", { "aria-hidden": "true" }, "✔"),
      make("div", {}, make("h2", { tabindex: "-1" }, ["已记入账本：", "In the log: "], valueWords(answer.state)), known === null ? "" : make("p.dim", {}, known)),
    ),
    facts(
      [["业务", "Act"], KINDS[kind] ?? [kind, kind]],
      [["申领编号", "Claim id"], make("strong.mono", {}, answer.claim)],
      [["账本条目", "Entry"], `${answer.seq}`],
      [["时间", "Time"], shanghaiTime(answer.time_ms)],
    ),
    make("div.actions", {}, keep),
    make("p.small.dim", {}, [
      "请把申领编号交给申请人，凭编号可查询进度。回执是服务签名的承诺，请保存。",
      "Give the claim id to the applicant: it answers where the claim stands. The receipt is the service's signed promise; keep it.",
    ]),
  );
}

async function refusal(error, place, waiting, flow) {
  if (error.passing || error.signedOut) {
    const retry = make("button.button", { type: "button" }, ["再次发送", "Send again"]);
    retry.addEventListener("click", () => send(place, waiting, flow));
    const limited = error.status === 429; // refused before anything was decided; an earlier attempt may have arrived
    const hint = [
      `${limited ? "这一次没有登记。" : "还不知道是否已记入。"}可以放心再次发送：发出的是同一份签名，只会登记一次。`,
      `${limited ? "This time nothing was registered." : "Nobody knows yet whether it arrived."} Sending again is safe: the same signed bytes are registered once.`,
    ];
    return problemNotice(error, make("p", {}, hint), make("div.actions", {}, retry));
  }
  await dropWaiting(waiting.id);
  const actions = make("div.actions");
  if (flow.again !== undefined && ["SLOT_TAKEN", "CLAIM_UNFOUNDED", "POLICY_OTHER"].includes(error.code)) {
    const again = make("button.button", { type: "button" }, ["重新准备", "Prepare again"]);
    again.addEventListener("click", flow.again);
    actions.append(again);
  }
  return problemNotice(error, make("p.small", {}, ["没有登记任何内容。", "Nothing was registered."]), actions);
}

async function signed(drafted, { session, key }) {
  const speaker = { iss: session.party.id, aud: key.log };
  const parcel = await signDraft(await webSigner(key.pair), speaker, drafted);
  const item = { statement: toBase64Url(parcel.statement), openings: parcel.openings.map(toBase64Url) };
  const about = { id: `${drafted.kind}/${drafted.subject}`, kid: key.kid, kind: drafted.kind, made: Date.now() };
  const body = JSON.stringify(item);
  await putWaiting(about, body); // before it is sent
  return { ...about, body };
}

/** The act as decoded from its bytes; what is only committed to stands apart. */
function shownAct(drafted, { session, key, unconfirmed = false }) {
  const body = decodeMap(encode(drafted.body));
  const rows = inOrder(body, NAMES).filter(([name]) => name !== "entries").map(([name, value]) => [NAMES[name] ?? [name, name], shown(name, value, unconfirmed)]);
  const [zh, en] = KINDS[drafted.kind];
  const opened = drafted.openings.map((raw) => decode(raw)[1]);
  return make(
    "div",
    {},
    make(
      "div.act",
      {},
      facts(
        [["行为", "Act"], make("strong", {}, [zh, en])],
        [["申领编号", "Claim"], make("span.mono", {}, drafted.subject.replace("claim/", ""))],
        [["以谁的名义", "In the name of"], [session.party.zh, session.party.en]],
        ...rows,
        [["账本", "Log"], make("span.mono", {}, key.log)],
        [["签名密钥", "Key"], make("span.mono", {}, key.kid)],
      ),
    ),
    ...opened.flatMap((one) => [
      make("h3", {}, ["只记承诺、不公开的内容", "Committed to, never published"]),
      make("div.act", {}, facts(...inOrder(one, OPENED).map(([name, value]) => [OPENED[name] ?? [name, name], openedValue(name, value)]))),
    ]),
  );
}

/** A decoded map in the order people read; what has no word of ours comes last, and is shown all the same. */
function inOrder(map, words) {
  const place = (name) => (name in words ? Object.keys(words).indexOf(name) : 99);
  return [...map].sort(([one], [other]) => place(one) - place(other));
}

function shown(name, value, unconfirmed) {
  if (value instanceof Uint8Array) return make("span.mono", {}, hex(value));
  if (name === "amount_fen") return yuan(value);
  if (name === "district") return districtWords(value);
  if (name === "policy" && unconfirmed) return make("span", {}, `${value} `, make("span.badge", { "data-tone": "warn" }, "⚠ ", ["未确认", "unconfirmed"]));
  if (typeof value === "boolean") return value ? ["是", "yes"] : ["否", "no"];
  if (name === "reason") return coded(WITHDRAWALS, [value]);
  if (Array.isArray(value)) return value.length === 0 ? ["无", "none"] : coded(REASONS, value);
  return valueWords(value);
}

/** Codes as they are signed, each with its words. */
function coded(known, codes) {
  const words = codes.map((code) => known.find(([one]) => one === code) ?? [code, "", ""]);
  return [words.map(([code, zh]) => `${zh} ${code}`).join("；"), words.map(([code, , en]) => `${en} (${code})`).join("; ")];
}

function openedValue(name, value) {
  if (name === "id_number") return `${"·".repeat(6)}${value.slice(-4)}`;
  if (name === "id_type") return ID_TYPES.find(([type]) => type === value)?.slice(1) ?? value;
  return value === "" ? ["无", "none"] : valueWords(value);
}

function busy(words) {
  return make("p.busy", { role: "status" }, words);
}
