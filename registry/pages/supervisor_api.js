/**
 * What the supervisor's page asks the service, and what went wrong in both languages.
 *
 * Nothing personal ever stands in an address: numbers and codes go in bodies.
 */

import { make } from "/assets/language.js";
import { ask, wordsOf } from "/assets/session.js";

const WORDS = {
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
};

/**
 * A problem in words, as a notice.
 * @param {unknown} error
 * @returns {HTMLElement}
 */
export function problemNotice(error) {
  const calm = error?.code === "SESSION_NONE";
  const words = WORDS[error?.code] ?? wordsOf(error);
  return make("div.notice", { "data-tone": calm ? "info" : "bad", role: "alert" }, make("p", {}, calm ? "" : "✘ ", words));
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
