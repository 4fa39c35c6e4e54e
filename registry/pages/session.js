/**
 * The service as the pages of officers ask it: with the session's cookie and token, each answer a document or a Problem
 * with the service's stable code, in words of both languages. Nothing personal ever stands in an address.
 */

import { make } from "/assets/language.js";

/** What was refused, by its stable code; NETWORK when no answer came, and then nobody knows whether it arrived. */
export class Problem extends Error {
  /**
   * @param {number} status 0 when no answer came
   * @param {string} code
   * @param {{what?: string, detail?: string, where?: string}} [told]
   */
  constructor(status, code, told = {}) {
    super(code);
    Object.assign(this, { status, code, detail: told.detail ?? "", where: told.where ?? "" });
  }

  /** Whether sending the very same again may help. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether the session has ended, or never was. */
  get signedOut() {
    return this.code === "SESSION_NONE" || this.code === "SESSION_ENDED";
  }
}

const WORDS = {
  NETWORK: ["没有收到服务的答复。请检查网络，再试一次。", "The service did not answer. Check the network and try again."],
  TOO_MANY: ["请求过于频繁，请稍候再试。", "Too many requests. Wait a moment and try again."],
  SESSION_NONE: ["尚未登录，请先登录。", "Nobody is signed in. Sign in first."],
  SESSION_ENDED: ["登录已失效，请重新登录。", "The session has ended. Sign in again."],
  SESSION_KEY: [
    "这把密钥没有为任何在任人员登记，或已被撤销。请把登记文件交给本单位管理员登记；刚登记的，请稍后再试。",
    "This key is not enrolled for an officer in office today, or was revoked. Give the enrolment file to your party's admin.",
  ],
  SESSION_HOST: [
    "这个网址不是中心公布的地址，不能在此登录。请核对浏览器地址栏。",
    "This is not the address the centre has published. Compare the address bar.",
  ],
  SESSION_AGE: ["本机时钟与服务相差超过五分钟。请校准时间后再试。", "This machine's clock is more than five minutes off. Set it and try again."],
  SESSION_NONCE: ["登录请求已过期，请再试一次。", "The sign-in took too long. Try again."],
  SESSION_TICKET: [
    "登录链接已使用过或已超过一分钟。请重新运行 malan-sign sign-in。",
    "The sign-in address was used before or is older than a minute. Run malan-sign sign-in again.",
  ],
  SESSION_STANDS: [
    "本浏览器已有人登录。请先退出，再打开登录链接；不是您自己申请的链接，请勿打开。",
    "Somebody is signed in here. Sign out first; never open a sign-in address that you did not ask for yourself.",
  ],
  SESSION_AUDIENCE: ["这把密钥是为另一个账本登记的。", "This key was made for another log."],
  CSRF: ["页面已过期，请刷新后再试。", "The page is out of date. Load it anew."],
  ACCESS_DUTY: ["登录的人员今日没有这项职责。", "The officer signed in is not appointed for this today."],
  ACCESS_OTHER: ["这属于其他区的业务。", "That is the business of another district."],
  ALREADY_CLAIMED: [
    "此人已就该项目申领过补贴，或三次名额已全部占用。没有重复登记。",
    "This person holds a claim for this project already, or all three grants are taken. Nothing was registered twice.",
  ],
  SLOT_TAKEN: [
    "同一时间此人的另一笔申领占用了名额。请重新准备并签名。",
    "Another claim of this person took the slot meanwhile. Prepare and sign again.",
  ],
  CLAIM_UNKNOWN: ["账本中没有这笔申领。请核对申领编号。", "The log has no such claim. Compare the claim id."],
  CLAIM_CLOSED: ["该申领已审核或已撤回。", "The claim is decided or withdrawn already."],
  CLAIM_UNFOUNDED: ["证书、证件与申领不相符，请重新准备。", "Certificate, document and claim do not belong together. Prepare again."],
  OFFICER_MISSES: [
    "您已多次用与证书不符的证件查询，暂停为您办理。请由另一位受理人员继续，并向本单位督导说明情况。一般一天内恢复，反复不符时更久。",
    "You tried too many documents that did not fit. Let another officer take it over, and tell your supervisor how it came. It ends within a day as a rule, later after many.",
  ],
  CERTIFICATE_MISSES: [
    "此证已多次被不符的证件查询，各窗口暂停办理。可能有人在试证件号码，请报告本区督导。一般一天内恢复，反复不符时更久；申领期限将满的，运维可提前恢复。",
    "Too many documents that do not fit were tried at this certificate; no counter goes on for now. Somebody may be guessing: tell your district's supervisor. It ends within a day as a rule, later after many; where the claim's last day is near, the operator can end it early.",
  ],
  CERTIFICATE_UNKNOWN: ["未查到与该证件相符的证书。", "No such certificate was found for this document."],
  CERTIFICATE_NOT_VALID: ["证书已暂扣、撤销、注销或过期，不能申领。", "The certificate is suspended, revoked, cancelled or expired."],
  CERTIFICATE_QUARANTINED: [
    "签发该证书的密钥被报告泄露。请由评价机构重新签发后再申领。",
    "The key that signed the certificate is reported compromised. Let the body issue it anew.",
  ],
  NOT_FINAL: ["见证方尚未达到规定数量，暂不能批准付款。请几分钟后再决定；超过一天请联系市级运营方。", "The quorum of witnesses is not reached: nothing is payable yet. Decide again in some minutes; after a day, tell the operator."],
  NO_POLICY: ["证书颁发日没有唯一适用的政策，不能申领。", "No policy, or more than one, applies to the day of issue."],
  POLICY_OTHER: ["适用的政策已有变化，请重新查询结论。", "Another policy applies now. Check the application again."],
  DUTIES_JOINED: [
    "受理此申领的人，以及授课、评分、签发的人，不能审核。请由另一位审核人员办理。",
    "Who took the claim in, taught, scored or issued cannot decide it. Somebody else must.",
  ],
  OWN_CLAIM: ["不能审核自己的申领。", "Nobody decides on their own claim."],
  OFFICER_SCOPE: ["登录的人员今日没有这项职责。", "The officer is not appointed for this today."],
  AMOUNT_WRONG: ["金额与政策不符。", "The amount is not that of the policy."],
  ID_CHECK_DIGIT: ["证件号码的校验位不对，请重新读卡或核对。", "The check digit of the document number is wrong. Read the card again."],
  ID_FORM: ["证件号码的形式与证件类型不符。", "The document number has not the form of its kind."],
  ID_EMPTY: ["请填写证件号码。", "Enter the document number."],
  ID_TYPE_MISMATCH: ["这是另一种证件的号码，请改选证件类型。", "This is the number of another kind of document. Choose that kind."],
  ID_BIRTH_IMPOSSIBLE: ["证件号码中的出生日期不存在。", "The birth date in the document number does not exist."],
  ID_BIRTH_FUTURE: ["证件号码中的出生日期在将来。", "The birth date in the document number lies in the future."],
  USCC_FORM: ["统一社会信用代码为18位数字和字母，不含 I、O、S、V、Z。", "A credit code has 18 digits and letters, never I, O, S, V or Z."],
  FACT_DATES: ["日期前后矛盾或不合常理，请核对。", "A day contradicts another or cannot be. Compare the days."],
  TRUST_MISSING: ["服务尚未发布信任包，稍后再试。", "The service has not published its trust bundle yet. Try again soon."],
  NO_WEBCRYPTO: [
    "浏览器在此地址不提供加密功能。请使用 https 开头的正式网址。",
    "The browser offers no cryptography at this address. Open the official address that begins with https.",
  ],
  NO_STORE: [
    "浏览器不允许本页保存密钥（例如无痕窗口）。请换普通窗口。",
    "The browser does not let this page keep keys, as in a private window. Use an ordinary one.",
  ],
};

/**
 * A problem in words.
 * @param {unknown} error
 * @returns {[string, string]}
 */
export function wordsOf(error) {
  const code = error?.code ?? "";
  if (code in WORDS) return WORDS[code];
  if (code === "") return ["页面出错，请刷新后再试。", "The page failed. Load it anew and try again."];
  const detail = error.detail || error.what || code;
  if (error.status >= 500) return [`服务暂时不能办理（${code}），请稍后再试。`, `The service cannot do this now (${code}). Try again.`];
  return [`未能办理（${code}）。`, `${detail} (${code})`];
}

/** A problem as a notice that screen readers speak. @param {unknown} error @param {...Node} more @returns {HTMLElement} */
export function problemNotice(error, ...more) {
  const tone = error?.passing ? "warn" : "bad";
  const [zh, en] = wordsOf(error);
  const again = error?.signedOut ? [signInLink()] : [];
  return make("div.notice", { "data-tone": tone, role: "alert" }, make("p", {}, "✘ ", [zh, en]), ...again, ...more);
}

/** In a tab of its own, so that a form half filled in stays. */
function signInLink() {
  const link = make("a.button.small", { href: "/sign-in", target: "_blank", rel: "noopener" }, ["在新标签页登录", "Sign in, in a new tab"]);
  const hint = ["登录后回到这里再试，已填内容都在。", "Then come back and try again: what you typed is still here."];
  return make("div", {}, make("div.actions", {}, link), make("p.small", {}, hint));
}

let token = "";
let kid = "";

/**
 * Asks the service. Throws Problem.
 * @param {string} method
 * @param {string} path
 * @param {object | string} [body] a text is sent as it is: the very bytes of before
 */
export async function ask(method, path, body) {
  try {
    return await askOnce(method, path, body);
  } catch (error) {
    // Whoever signed in anew in another tab has another token; another person gets a page of their own.
    if (!(error instanceof Problem && error.code === "CSRF" && kid !== "")) throw error;
    const before = kid;
    await current();
    if (kid !== before) location.reload();
    return askOnce(method, path, body);
  }
}

async function askOnce(method, path, body) {
  const headers = {};
  if (method !== "GET" && token !== "") headers["x-malan-csrf"] = token;
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    answer = await fetch(path, { method, headers, body: text, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Problem(0, "NETWORK");
  }
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, told?.code ?? `HTTP_${answer.status}`, told ?? {});
  if (told === null) throw new Problem(0, "NETWORK"); // cut off on its way
  return told;
}

/** Who is signed in; keeps the token that unsafe requests carry. Throws Problem. */
export async function current() {
  return signedIn(await askOnce("GET", "/api/sessions/current"));
}

/** Takes over what the sign-in answered. */
export function signedIn(told) {
  [token, kid] = [told.csrf, told.kid];
  return told;
}

/** Ends the session; one that has ended is ended. */
export async function signOut() {
  try {
    await ask("DELETE", "/api/sessions/current");
  } catch (error) {
    if (!(error instanceof Problem && error.signedOut)) throw error;
  }
  [token, kid] = ["", ""];
}

const DUTIES = {
  root: ["创世密钥", "Genesis key"],
  admin: ["管理员", "Admin"],
  standards: ["规范发布", "Standards"],
  supervisor: ["督导", "Supervisor"],
  reviewer: ["补贴审核", "Claim reviewer"],
  intake: ["补贴受理", "Claim intake"],
  registrar: ["教务", "Registrar"],
  instructor: ["教师", "Instructor"],
  evaluator: ["考评员", "Evaluator"],
  signatory: ["签发人", "Signatory"],
};

/** Duties in words. @param {string[]} duties @returns {[string, string]} */
export function dutyWords(duties) {
  const words = duties.map((one) => DUTIES[one] ?? [one, one]);
  return [words.map(([zh]) => zh).join("、"), words.map(([, en]) => en).join(", ")];
}

/** Where an officer with these duties works. @param {string[]} duties */
export function homeOf(duties) {
  if (duties.includes("intake") || duties.includes("reviewer")) return "/desk";
  return duties.includes("supervisor") ? "/supervisor" : null;
}
