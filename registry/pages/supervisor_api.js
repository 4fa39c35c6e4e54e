/**
 * What the supervisor's page asks the service, and what went wrong in both languages.
 *
 * Nothing personal ever stands in an address: numbers and codes go in bodies.
 */

import { make } from "/assets/language.js";

let token = "";

/** What the service refused, by its stable code. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} detail
   */
  constructor(status, code, detail) {
    super(code);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

const WORDS = {
  SESSION_NONE: ["尚未登录。", "Nobody is signed in."],
  SESSION_ENDED: ["登录已失效，请重新登录。", "The session has ended. Sign in again."],
  ACCESS_DUTY: ["当前登录的人员今日不担任区督导职责。", "The officer signed in is not a district's supervisor today."],
  CERTIFICATE_UNKNOWN: ["本区没有这一编号或验证码的证书。请核对后重输。", "No certificate with this number or code is supervised here. Check what was typed."],
  CLASS_UNKNOWN: ["本区没有这个班级。", "No such class is supervised here."],
  AUDIT_RUNNING: ["已有一次核查正在进行，请等它结束。", "An audit is running. Wait for its end."],
  AUDIT_UNKNOWN: ["本区没有这次核查的报告。", "There is no such report of this district."],
  LOG_NOT_PUBLISHED: ["账本尚未发布检查点。", "The log has no checkpoint yet."],
  BOOK_BEHIND: ["服务刚刚启动，统计尚未完成，请稍候再试。", "The service has just started and is still counting. Try again in a moment."],
  TOO_MANY: ["查看次数已达上限，请稍后再试。", "The limit is reached for now. Try again later."],
  AUDIT_BROKEN: ["查看无法记录，因此不予显示。请告知运维。", "The look cannot be recorded, so nothing is shown. Tell the operator."],
  HOLDER_ERASED: ["持证人的个人信息已删除。", "The holder's data was erased."],
  NETWORK: ["服务没有应答，请检查网络后重试。", "The service does not answer. Check the network and try again."],
};

/**
 * A problem in words, as a notice.
 * @param {unknown} error
 * @returns {HTMLElement}
 */
export function problemNotice(error) {
  const problem = error instanceof Problem ? error : new Problem(0, "PAGE", String(error));
  const none = problem.code === "SESSION_NONE";
  const words = WORDS[problem.code] ?? [`未能完成（${problem.code}）。`, problem.detail || problem.code];
  return make("div.notice", { "data-tone": none ? "info" : "bad", role: "alert" }, make("p", {}, none ? "" : "✘ ", words));
}

async function ask(method, path, body) {
  const headers = {};
  if (method !== "GET") headers["x-malan-csrf"] = token;
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "same-origin",
    });
  } catch {
    throw new Problem(0, "NETWORK", "");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, told.code ?? `HTTP_${answer.status}`, told.detail ?? "");
  return told;
}

/** @param {string} path below /api/supervision/ */
export function get(path) {
  return ask("GET", `/api/supervision/${path}`);
}

/**
 * @param {string} path below /api/supervision/
 * @param {object} body
 */
export function post(path, body) {
  return ask("POST", `/api/supervision/${path}`, body);
}

/** Who is signed in; keeps the token that unsafe requests carry. */
export async function current() {
  const told = await ask("GET", "/api/sessions/current");
  token = told.csrf;
  return told;
}

/** Ends the session. */
export function signOut() {
  return ask("DELETE", "/api/sessions/current");
}
