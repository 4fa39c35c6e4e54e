/** Words of the supervisor's page, each [Chinese, English], and how times and hashes are written. */

import { make } from "/assets/language.js";

export const NODES = {
  certificate: ["证书", "Certificate"],
  evaluation: ["评价结果", "Evaluation"],
  sheet: ["评分表", "Score sheet"],
  roster: ["名册", "Roster"],
  class: ["班级", "Class"],
  accreditation: ["培训机构准入", "Accreditation of the institution"],
  body: ["评价机构遴选", "Appointment of the evaluation body"],
  standard: ["评价规范", "Standard"],
  claim: ["补贴申领", "Subsidy claim"],
};

export const HOLDS = {
  "certificate.evaluation": ["指明所依据的评价结果", "names the evaluation it rests on"],
  "certificate.class": ["属于该班级", "is of this class"],
  "evaluation.sheets": ["依据的正是这些评分表", "rests on exactly these sheets"],
  "evaluation.roster": ["依据这份名册", "rests on this roster"],
  "evaluation.standard": ["依据这一规范", "rests on this standard"],
  "sheet.roster": ["按这份名册评分", "scores this roster"],
  "roster.class": ["属于该班级", "is of this class"],
  "class.institution": ["由培训机构自己开班", "opened by the institution itself"],
  "class.standard": ["指明这一规范", "names this standard"],
  "accreditation.class": ["开班首日准入有效", "in force on the first day of the class"],
  "accreditation.district": ["由本区准入", "given by this district"],
  "body.project": ["遴选范围含该项目", "covers the project"],
  "standard.project": ["项目一致", "is of the project"],
  "claim.certificate": ["依据这张证书", "rests on this certificate"],
};

export const STATES = {
  valid: ["有效", "valid", "good", "✔"],
  suspended: ["已暂扣", "suspended", "warn", "‖"],
  revoked: ["已撤销", "revoked", "bad", "⊘"],
  cancelled: ["已注销", "cancelled", "bad", "⊖"],
  submitted: ["已受理", "submitted", "info", "…"],
  approved: ["已核准", "approved", "good", "✔"],
  rejected: ["未核准", "rejected", "bad", "✘"],
  withdrawn: ["已撤回", "withdrawn", "grey", "–"],
};

export const RUNS = {
  running: ["进行中", "running", "info", "…"],
  sound: ["未发现偏离", "sound: no departure found", "good", "✔"],
  departures: ["发现偏离", "departures found", "bad", "✘"],
  could_not_check: ["未能完成核查", "could not check everything", "warn", "?"],
  failed: ["中断，没有报告", "stopped, no report", "grey", "–"],
};

export const FACTS = {
  name: ["姓名（遮盖）", "Name (masked)"],
  number: ["编号（遮盖）", "Number (masked)"],
  course: ["课程", "Course"],
  hours: ["课时", "Hours"],
  issued_on: ["颁发日期", "Issued on"],
  expires_on: ["有效期至", "Expires on"],
  reason: ["事由", "Reason"],
  cause: ["原因", "Cause"],
  version_on: ["本版签发日期", "This version made on"],
  candidates: ["参评人数", "Candidates"],
  passed: ["合格人数", "Passed"],
  sheets: ["评分表", "Sheets"],
  scored: ["评分人数", "Scored"],
  institution: ["培训机构", "Institution"],
  district: ["区", "District"],
  body: ["评价机构", "Evaluation body"],
  project: ["项目", "Project"],
  first_day: ["起始日", "First day"],
  last_day: ["截止日", "Last day"],
  title: ["名称", "Title"],
  version: ["版本", "Version"],
  policy: ["政策", "Policy"],
  amount: ["金额", "Amount"],
};

/** @param {number | null} ms milliseconds since 1970 @returns {string} Shanghai time */
export function when(ms) {
  if (ms === null || ms === undefined) return "–";
  return new Date(ms + 8 * 3600 * 1000).toISOString().slice(0, 19).replace("T", " ");
}

/** A span of time in words. @param {number} ms @returns {[string, string]} */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = [[86400, "天", "d"], [3600, "小时", "h"], [60, "分钟", "min"], [1, "秒", "s"]];
  const [size, zh, en] = units.find(([one]) => seconds >= one) ?? units[3];
  return [`${Math.floor(seconds / size)} ${zh}`, `${Math.floor(seconds / size)} ${en}`];
}

/** @param {string[]} words [zh, en, tone, icon] @returns {HTMLElement} */
export function badge(words) {
  const [zh, en, tone, icon] = words;
  return make("span.badge", { "data-tone": tone ?? "grey" }, icon ? `${icon} ` : "", [zh, en]);
}

/** A hash in groups of eight digits. @param {string} hex @returns {HTMLElement} */
export function hash(hex) {
  return make("span.mono.hash", {}, hex.replace(/(.{8})(?=.)/g, "$1 "));
}

/** A party by its names. @returns {[string, string]} */
export function party(one) {
  return [one.zh, one.en];
}

/** A staff id, short enough to tell two apart. @param {string} staff @returns {string} */
export function short(staff) {
  return staff.slice(0, 8);
}
