/** What the desk says in two languages: rules, answers, evidence, states, and facts as rows. */

import { make } from "/assets/language.js";

const RULES = {
  R1: ["适用政策", "Policy"],
  R2: ["证书", "Certificate"],
  R3: ["培训阶段与证书种类", "Stage and kind"],
  R4: ["申请期限", "Time to apply"],
  R5: ["在本市登记", "In Shanghai"],
  R6: ["创业年限", "Age of the organisation"],
  R7: ["申请人身份", "The applicant's role"],
  R8: ["本人申请", "Applicant is the holder"],
  R9: ["同一项目只申请一次", "Once per project"],
  R10: ["享受次数", "Number of grants"],
};

const EVIDENCE = {
  policy: ["政策", "policy"],
  document: ["文号", "document"],
  state: ["证书状态", "state"],
  stage: ["阶段", "stage"],
  kind: ["种类", "kind"],
  issued_on: ["颁发日", "issued on"],
  submitted_on: ["申请日", "applied on"],
  last_day_without_rest_days: ["未顺延的最后一日", "last day before rest days"],
  source: ["来源", "source"],
  as_of: ["核对日", "as of"],
  founded_on: ["成立日", "founded on"],
  young_until: ["满限日", "young until"],
  judged_on: ["认定基准日", "judged on"],
  role: ["身份", "role"],
  used: ["已用", "used"],
  limit: ["上限", "limit"],
};

const VALUES = {
  valid: ["有效", "valid"],
  suspended: ["暂扣", "suspended"],
  revoked: ["撤销", "revoked"],
  cancelled: ["注销", "cancelled"],
  expired: ["过期", "expired"],
  superseded: ["已换发", "superseded"],
  "could-not-check": ["未能核验", "could not be checked"],
  C: ["合格证书", "qualification"],
  J: ["结业证书", "completion"],
  "self-declared": ["本人申报", "self-declared"],
  "market-register": ["市场监管登记", "market register"],
  "officer-checked": ["经办人查看执照", "licence seen"],
  "legal-representative": ["法定代表人", "legal representative"],
  "person-in-charge": ["负责人", "person in charge"],
  partner: ["持股合伙人", "partner"],
  submitted: ["已受理，待审核", "Submitted, not decided yet"],
  approved: ["审核通过", "Approved"],
  rejected: ["审核不通过", "Rejected"],
  withdrawn: ["已撤回", "Withdrawn"],
};

/** One of PASS, FAIL, UNKNOWN: tone, icon, words of a rule, words of the whole, result for the style sheet. */
export const ANSWERS = {
  PASS: { tone: "good", icon: "✔", rule: ["符合", "PASS"], whole: ["符合条件", "Eligible"], result: "passed" },
  FAIL: { tone: "bad", icon: "✘", rule: ["不符合", "FAIL"], whole: ["不符合条件", "Not eligible"], result: "failed" },
  UNKNOWN: { tone: "warn", icon: "?", rule: ["待核实", "UNKNOWN"], whole: ["需人工核实", "A person must check"], result: "open" },
};

/** Reasons of a rejection a reviewer may give; the last three leave project and slot free as a rule. */
export const REASONS = [
  ["CERTIFICATE_INVALID", "证书不能作为依据", "The certificate does not stand"],
  ["WINDOW_OVER", "已超过申请期限", "Applied for too late"],
  ["ORGANISATION_ELSEWHERE", "创业组织未在本市登记", "The organisation is not in Shanghai"],
  ["ORGANISATION_TOO_OLD", "创业超过规定年限", "The organisation is too old"],
  ["ROLE_NOT_HELD", "不是法定代表人（负责人）或持股合伙人", "Not in a role the notice names"],
  ["DOCUMENTS_MISSING", "材料不全", "Papers are missing"],
  ["DATA_ERROR", "信息有误", "The data are wrong"],
  ["DUPLICATE", "重复提交", "Submitted twice"],
];

/** Why a claim is withdrawn. */
export const WITHDRAWALS = [
  ["applicant-asked", "申请人要求撤回", "The applicant asked for it"],
  ["data-error", "录入有误", "The data were wrong"],
  ["duplicate", "重复受理", "Taken in twice"],
];

/** @param {string} rule @returns {[string, string]} */
export function ruleWords(rule) {
  return RULES[rule] ?? [rule, rule];
}

/** @param {string} name @returns {[string, string]} */
export function evidenceWords(name) {
  return EVIDENCE[name] ?? [name, name];
}

/** @param {string} value @returns {[string, string]} */
export function valueWords(value) {
  return VALUES[value] ?? [value, value];
}

/** @param {number} fen @returns {[string, string]} */
export function yuan(fen) {
  const text = (fen / 100).toLocaleString("en-US", { minimumFractionDigits: 2 });
  return [`${text} 元`, `¥${text}`];
}

/** A time of the service in Shanghai, to the minute. @param {number} ms */
export function shanghaiTime(ms) {
  return new Date(ms).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 16);
}

/** The Shanghai date now, YYYY-MM-DD. */
export function shanghaiToday() {
  return new Date().toLocaleDateString("sv-SE", { timeZone: "Asia/Shanghai" });
}

/**
 * Name and value pairs as a list of facts; pairs that are null are left out.
 * @param {...([[string, string], Node | string | [string, string]] | null)} pairs
 */
export function facts(...pairs) {
  const rows = pairs.filter((one) => one !== null);
  return make("dl.facts", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

/** A district's id in words. @param {string} id */
export function districtWords(id) {
  const known = DISTRICTS[id.replace("district-", "")];
  return known === undefined ? [id, id] : [`${known[0]}（${id}）`, `${known[1]} (${id})`];
}

const DISTRICTS = {
  310101: ["黄浦区", "Huangpu"], 310104: ["徐汇区", "Xuhui"], 310105: ["长宁区", "Changning"],
  310106: ["静安区", "Jing'an"], 310107: ["普陀区", "Putuo"], 310109: ["虹口区", "Hongkou"],
  310110: ["杨浦区", "Yangpu"], 310112: ["闵行区", "Minhang"], 310113: ["宝山区", "Baoshan"],
  310114: ["嘉定区", "Jiading"], 310115: ["浦东新区", "Pudong"], 310116: ["金山区", "Jinshan"],
  310117: ["松江区", "Songjiang"], 310118: ["青浦区", "Qingpu"], 310120: ["奉贤区", "Fengxian"],
  310151: ["崇明区", "Chongming"],
};
