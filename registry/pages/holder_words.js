/** What the holder's page says beside the words of the service: problems, kinds, stages, states of a claim, times. */

import { wordsOf } from "/assets/session.js";

const PROBLEMS = {
  HOLDER_UNKNOWN: [
    "没有找到与该验证码和证件相符的证书。请核对验证码、证件类型和号码（应为报名时使用的证件）。多次不符将暂停查询。",
    "No certificate was found for this code and this document. Compare the code, the kind of document and its number: it is the one you enrolled with. After some failures asking is stopped for a while.",
  ],
  TOO_MANY: [
    "尝试次数已达上限。为保护持证人，请过一段时间（一般不超过一天，反复不符时更久）再试。证书照常可以核验；申领补贴请到任一区的经办窗口，窗口不受此限；需要证书文件请找评价机构。咨询请拨打 12333。",
    "The limit of attempts is reached. To protect holders, try again later: within a day as a rule, later after many failures. The certificate verifies as before. For the subsidy go to any district's counter, which this does not stop; for your papers ask the evaluation body. To ask: 12333.",
  ],
  CODE_FORM: ["验证码为 16 位数字。", "The code has 16 digits."],
  CODE_CHECK: ["验证码有误，请对照证书重新输入。", "The code is mistyped. Compare it with the certificate."],
  CERTIFICATE_NOT_VALID: ["证书目前不在有效状态，不能下载。", "The certificate does not stand at present, so there is no download."],
  LINKS_MANY: ["这张证书的链接已达 10 个，请先撤回一个。", "This certificate has ten links already. Withdraw one first."],
  LINK_UNKNOWN: ["链接已失效或已撤回。", "The link is over or withdrawn."],
};

export const KINDS = { C: ["合格证书", "Certificate of qualification"], J: ["结业证书", "Certificate of completion"] };

export const STAGES = {
  1: ["创业意识激发期", "awareness stage"],
  2: ["创业准备期", "preparation stage"],
  3: ["创业初创期", "start-up stage"],
  4: ["创业发展期", "growth stage"],
};

export const CLAIMS = {
  submitted: ["已受理，等待审核", "taken in, waits for a decision"],
  approved: ["审核通过", "approved"],
  rejected: ["审核不通过", "rejected"],
};

/** @param {any} error a Problem of the service, or what a form found @returns {[string, string]} */
export function wordsFor(error) {
  return PROBLEMS[error?.code] ?? wordsOf(error);
}

/** Date and minute in Shanghai. @param {number} ms since 1970 */
export function stamp(ms) {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16).replace("T", " ");
}
