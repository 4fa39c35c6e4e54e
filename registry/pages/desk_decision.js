/** A decision as a clerk reads it: the outcome, the window, and each rule with its reason and what it rests on. */

import { make } from "/assets/language.js";
import { ANSWERS, evidenceWords, facts, ruleWords, valueWords, yuan } from "/assets/desk_words.js";

function title(decision, advice) {
  if (isUnknown(decision)) return ["未查到证书", "No such certificate"];
  return advice && decision.outcome === "UNKNOWN" ? ["待您核实", "For you to check"] : null;
}

/** Whether the certificate is not there, or not this person's: the two are one answer. */
export function isUnknown(decision) {
  return decision.findings.some((one) => one.code === "CERTIFICATE_UNKNOWN");
}

/**
 * @param {any} decision as the service answered
 * @param {{advice?: boolean}} [how] `advice`: for a reviewer, who has the last word
 */
export function decisionCard(decision, { advice = false } = {}) {
  const answer = ANSWERS[decision.outcome] ?? ANSWERS.UNKNOWN;
  return make(
    "section.verdict",
    { "data-tone": answer.tone, "data-outcome": decision.outcome },
    make(
      "div.verdict-head",
      {},
      make("div.verdict-icon", { "aria-hidden": "true" }, answer.icon),
      make("div", {}, make("h2", {}, title(decision, advice) ?? answer.whole), make("p.dim", {}, head(decision, advice))),
    ),
    badges(decision),
    isUnknown(decision) ? unknownHint() : terms(decision),
    rules(decision),
  );
}

function head(decision, advice) {
  if (advice) {
    return [
      "以下按今日情况重新核对。申领不记录信息来源，R5 至 R7 请查登记信息核实后决定。",
      "Checked again as of today. A claim does not say where its facts were seen: look up R5 to R7 before you decide.",
    ];
  }
  if (decision.outcome === "PASS") {
    const [zh, en] = yuan(decision.amount_fen);
    return [`补贴 ${zh}，提交后由区审核`, `${en}; the district decides once it is submitted`];
  }
  if (isUnknown(decision)) return ["没有可以申领的依据", "There is nothing to claim on"];
  if (decision.outcome === "FAIL") return ["原因见下列各项", "The rules below say why"];
  return ["不是不符合：请按下列各项核实", "This is no refusal: the rules below say what to check"];
}

function badges(decision) {
  if (decision.policy === null) return null;
  const unconfirmed = decision.unconfirmed
    ? make("li.badge", { "data-tone": "warn" }, "⚠ ", ["政策未确认，仅供演示", "Policy unconfirmed, for demonstration only"])
    : null;
  return make("ul.badges", {}, make("li.badge", {}, [`政策 ${decision.policy}`, `Policy ${decision.policy}`]), unconfirmed);
}

function terms(decision) {
  if (decision.first_day === null) return null;
  const unrolled = decision.findings.find((one) => one.rule === "R4")?.evidence.last_day_without_rest_days ?? "";
  const last = decision.last_day ?? [
    `${unrolled}，遇节假日顺延（当年安排尚未公布）`,
    `${unrolled}, later if it falls on a day of rest (not announced yet)`,
  ];
  return facts(
    [["可申请自", "From"], decision.first_day],
    [["最后一日", "Last day"], make("strong", {}, last)],
    decision.amount_fen > 0 ? [["金额", "Amount"], make("strong", {}, yuan(decision.amount_fen))] : null,
  );
}

function unknownHint() {
  return make("p", {}, [
    "没有与该证件相符的这张证书。请核对二维码、证件类型和号码。系统不提示证书属于何人。",
    "There is no such certificate for this document. Compare the QR code, the kind of document and its number. Nobody is told whose a certificate is.",
  ]);
}

function rules(decision) {
  return make("ol.steps.rules", {}, ...decision.findings.map((one) => rule(one, decision)));
}

function rule(finding, decision) {
  const answer = ANSWERS[finding.answer] ?? ANSWERS.UNKNOWN;
  const doubtful = decision.unconfirmed && !["R2", "R8"].includes(finding.rule);
  return make(
    "li",
    { "data-result": answer.result, "data-rule": finding.rule, "data-code": finding.code },
    make("span.step-mark", { "aria-hidden": "true" }, answer.icon),
    make(
      "div",
      {},
      make("span.step-name", {}, `${finding.rule} `, ruleWords(finding.rule)),
      make("span.rule-answer", {}, answer.rule),
      doubtful ? make("span.rule-answer.unconfirmed", {}, ["政策未确认", "policy unconfirmed"]) : null,
    ),
    make("div.step-said", {}, [finding.zh, finding.en], evidence(finding.evidence)),
  );
}

function evidence(found) {
  const names = Object.keys(found);
  if (names.length === 0) return "";
  return make(
    "dl.evidence",
    {},
    ...names.map((name) => make("div", {}, make("dt", {}, evidenceWords(name)), make("dd", {}, valueWords(found[name])))),
  );
}

/**
 * The verdict on the certificate, beside the decision; only for the holder's own.
 * @param {any} verdict as POST /api/verify answers
 */
export function certificateCard(verdict) {
  const tone = { valid: "good", could_not_check: "grey", unreadable: "grey", suspended: "warn", expired: "warn" }[verdict.state] ?? "bad";
  const icon = { good: "✔", grey: "?", warn: "‖", bad: "✘" }[tone];
  const told = verdict.facts;
  return make(
    "section.card",
    {},
    make("h2", {}, ["证书核验", "The certificate"]),
    make("p", {}, make("span.badge", { "data-tone": tone, "data-state": verdict.state }, `${icon} `, [verdict.title.zh, verdict.title.en])),
    told === null
      ? make("p", {}, [verdict.advice.zh, verdict.advice.en])
      : facts(
          [["持证人", "Holder"], make("strong", {}, told.name)],
          [["证书编号", "Number"], make("span.digits", {}, told.number)],
          [["课程", "Course"], told.course],
          [["评价机构", "Evaluation body"], [told.body.zh, told.body.en]],
          [["颁发日", "Issued on"], told.issued_on],
        ),
    make("p.small.dim", {}, ["请将姓名与申请人的证件核对。", "Compare the name with the applicant's document."]),
  );
}
