/** The reviewer's side: the claims that wait in the own district, one of them looked at, and its decision signed. */

import { localise, make } from "/assets/language.js";
import { ask, problemNotice } from "/assets/session.js";
import { decisionCard } from "/assets/desk_decision.js";
import { offerToSign } from "/assets/desk_signing.js";
import { REASONS, facts, shanghaiTime, valueWords, yuan } from "/assets/desk_words.js";
import { draftDecision } from "/js/issuers/claims.js";
import { ID_TYPES } from "/js/issuers/documents.js";

const FORMAL = ["DOCUMENTS_MISSING", "DATA_ERROR", "DUPLICATE"];
const list = document.getElementById("list");
const one = document.getElementById("one");
let flow;

/** @param {{session: any, key: any}} found */
export async function startReview(found) {
  flow = found;
  await showList();
}

async function showList() {
  list.replaceChildren(make("p.busy", { role: "status" }, ["正在读取…", "Loading…"]));
  let told;
  try {
    told = await ask("GET", "/api/subsidy/open-claims");
  } catch (error) {
    list.replaceChildren(problemNotice(error));
    return;
  }
  const anew = make("button.button.quiet.small", { type: "button" }, ["刷新", "Load anew"]);
  anew.addEventListener("click", showList);
  const more = told.more ? make("p.small", {}, [`只显示最早的 ${told.claims.length} 笔。`, `Only the oldest ${told.claims.length} are shown.`]) : null;
  list.replaceChildren(
    make(
      "section.card",
      {},
      make("h2", {}, [`待审核 ${told.claims.length} 笔`, `${told.claims.length} waiting`]),
      told.claims.length === 0 ? make("p.dim", {}, ["没有待审核的申领。", "Nothing waits for a decision."]) : table(told.claims),
      more,
      make("div.actions", {}, anew),
    ),
  );
  localise(list);
}

function table(claims) {
  return make("ul.plain", {}, ...claims.map(row));
}

function row(claim) {
  const open = make("button.button.small", { type: "button", "data-claim": claim.claim }, ["查看并审核", "Look and decide"]);
  open.addEventListener("click", () => showOne(claim.claim));
  const state = claim.certificate_state;
  const tone = state === "valid" ? "good" : "bad";
  const icon = state === "valid" ? "✔ " : "✘ ";
  return make(
    "li.choice",
    {},
    make("p", {}, make("strong", {}, shanghaiTime(claim.submitted_ms)), " · ", [`项目 ${claim.project}`, `project ${claim.project}`], make("br"), make("span.mono.dim", {}, claim.claim)),
    make(
      "ul.badges",
      {},
      make("li.badge", { "data-tone": tone }, icon, ["证书", "certificate "], valueWords(state)),
      make("li.badge", {}, yuan(claim.policy_amount_fen)),
      claim.unconfirmed ? make("li.badge", { "data-tone": "warn" }, "⚠ ", ["政策未确认", "Policy unconfirmed"]) : null,
      claim.taken_in_by_you ? make("li.badge", { "data-tone": "grey" }, ["由您受理", "Taken in by you"]) : null,
    ),
    open,
  );
}

async function showOne(id) {
  one.replaceChildren(make("p.busy", { role: "status" }, ["正在读取…", "Loading…"]));
  let told;
  try {
    told = await ask("GET", `/api/subsidy/open-claims/${id}`);
  } catch (error) {
    one.replaceChildren(problemNotice(error));
    return;
  }
  const place = make("div");
  one.replaceChildren(applicantCard(told), decisionCard(told.decision, { advice: true }), decisionForm(told, place), place);
  localise(one);
  one.focus({ preventScroll: true });
  one.scrollIntoView({ block: "start" });
}

function applicantCard({ applicant, claim, submitted_ms }) {
  const [, zh, en] = ID_TYPES.find(([value]) => value === applicant.id_type) ?? ["", applicant.id_type, applicant.id_type];
  return make(
    "section.card",
    {},
    make("h2", {}, ["申领（已遮盖）", "The claim (masked)"]),
    facts(
      [["申领编号", "Claim id"], make("span.mono", {}, claim)],
      [["受理时间", "Taken in"], shanghaiTime(submitted_ms)],
      [["申请人", "Applicant"], applicant.name],
      [[zh, en], `······${applicant.id_last4}`],
      [["证书编号", "Certificate"], applicant.number],
      [["创业组织", "Organisation"], make("strong", {}, applicant.organisation)],
      [["信用代码", "Credit code"], applicant.uscc === "" ? ["无", "none"] : applicant.uscc],
      [["身份", "Role"], valueWords(applicant.role)],
      [["成立日期", "Founded on"], applicant.founded_on],
    ),
    make("p.small.dim", {}, ["本次查看已记录。", "This look was recorded."]),
  );
}

function decisionForm(told, place) {
  if (told.taken_in_by_you) {
    const words = ["这笔申领由您受理，请由另一位审核人员决定。", "You took this claim in: another reviewer decides."];
    return make("div.notice", { "data-tone": "warn" }, make("p", {}, words));
  }
  const approve = choice("radio", "outcome", "approved", ["通过，补贴 ", "Approve, "], make("strong", {}, yuan(told.policy_amount_fen)));
  const reject = choice("radio", "outcome", "rejected", ["不通过", "Reject"]);
  const reasons = make("fieldset.field", { id: "reasons", hidden: true }, make("legend", {}, ["原因（至少一项）", "Reasons (at least one)"]), ...REASONS.map(([code, zh, en]) => choice("checkbox", "reason", code, [zh, en])));
  const release = choice("checkbox", "release", "yes", ["释放项目和名额，申请人可再次申领", "Free project and grant, so that the person may claim again"]);
  const freed = make("div.field", { hidden: true }, release, make("p.hint", {}, ["材料不全、信息有误、重复提交一般释放；实质不符合的不释放。", "As a rule for missing papers, wrong data or a double; not where a condition is not met."]));
  const problem = make("p.problem", { role: "alert", hidden: true });
  const form = make(
    "form.card",
    { novalidate: true, id: "decision-form" },
    make("h2", {}, ["您的决定", "Your decision"]),
    make("fieldset.field", {}, make("legend", {}, ["结论", "Outcome"]), approve, reject),
    reasons,
    freed,
    problem,
    make("div.actions.full", {}, make("button.button", { type: "submit" }, ["继续", "Continue"])),
  );
  form.addEventListener("change", (event) => {
    const rejected = form.elements.outcome.value === "rejected";
    reasons.hidden = freed.hidden = !rejected;
    if (event.target.name === "reason") form.elements.release.checked = chosen(form).every((code) => FORMAL.includes(code)) && chosen(form).length > 0;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = complaint(form);
    problem.hidden = wrong === null;
    problem.replaceChildren(...(wrong === null ? [] : [make("span", {}, wrong)]));
    if (wrong === null) decide(told, form, place);
  });
  return form;
}

function complaint(form) {
  if (form.elements.outcome.value === "") return ["请选择结论。", "Choose an outcome."];
  const rejected = form.elements.outcome.value === "rejected";
  return rejected && chosen(form).length === 0 ? ["请选择原因。", "Choose a reason."] : null;
}

function decide(told, form, place) {
  const approved = form.elements.outcome.value === "approved";
  const decision = {
    outcome: form.elements.outcome.value,
    reasons: approved ? [] : chosen(form),
    amountFen: approved ? told.policy_amount_fen : 0,
    release: !approved && form.elements.release.checked,
  };
  if (flow.key === null) {
    const parts = approved ? [`--amount-fen ${decision.amountFen}`] : decision.reasons.map((code) => `--reason ${code}`);
    if (decision.release) parts.push("--release");
    const command = `malan-sign decide ${told.claim} ${decision.outcome} ${parts.join(" ")}`;
    place.replaceChildren(programCard(command));
    return;
  }
  const drafted = draftDecision(told.claim, decision);
  const done = () => {
    one.replaceChildren(place);
    showList();
  };
  offerToSign(place, drafted, { ...flow, done, again: () => showOne(told.claim) });
}

/** For whoever signed in by malan-sign. @param {string} command */
export function programCard(command) {
  return make(
    "section.card",
    {},
    make("p", {}, ["您的密钥不在本浏览器。请在您的机器上运行：", "Your key is not in this browser. Run on your machine:"]),
    make("pre.command", { tabindex: "0" }, make("code", {}, command)),
  );
}

function chosen(form) {
  return [...form.querySelectorAll("[name=reason]:checked")].map((input) => input.value);
}

function choice(type, name, value, words, ...more) {
  return make("label.check", {}, make("input", { type, name, value }), make("span", {}, words, ...more));
}
