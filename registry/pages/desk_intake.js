/** The counter: certificate, document and organisation go in; the decision comes out; a claim is submitted. */

import { localise, make } from "/assets/language.js";
import { saveFile } from "/assets/keystore.js";
import { Problem, ask, problemNotice, wordsOf } from "/assets/session.js";
import { certificateCard, decisionCard, isUnknown } from "/assets/desk_decision.js";
import { offerToSign } from "/assets/desk_signing.js";
import { shanghaiToday } from "/assets/desk_words.js";
import { draftClaim } from "/js/issuers/claims.js";
import { ID_TYPES, checkUscc, normaliseId } from "/js/issuers/documents.js";
import { checkText } from "/js/issuers/identifiers.js";

const $ = (id) => document.getElementById(id);
const ORGANISATION_MAX = 100;
const REQUIRED = ["请填写。", "Fill this in."];
const CHOOSE = ["请选择。", "Choose one."];
const FIELDS = [
  "qr", "id_type", "id_number", "organisation", "uscc", "in_shanghai", "founded_on", "role", "role_from", "role_to",
  "source", "as_of",
];
let flow;

/** @param {{session: any, key: any, channel: string, done: () => void}} found */
export function startIntake(found) {
  flow = found;
  $("id_type").replaceChildren(...ID_TYPES.map(([value, zh, en]) => make("option", { value, "data-zh": zh, "data-en": en })));
  $("as_of").value = shanghaiToday();
  localise($("form"));
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  $("clear").addEventListener("click", clear);
}

/** Nothing of the last person stays on the screen. */
export function clear() {
  $("form").reset();
  $("as_of").value = shanghaiToday();
  for (const id of FIELDS) complain(id, null);
  $("answer").replaceChildren();
  $("scan-said").replaceChildren();
  $("qr").focus();
}

async function check() {
  const application = read();
  if (application === null) return;
  const answer = $("answer");
  $("check").disabled = true;
  answer.replaceChildren(make("p.busy", { role: "status" }, ["正在查询…", "Asking…"]));
  try {
    const decision = await ask("POST", "/api/subsidy/check", application);
    // What the code itself says is shown with the holder's own document only: a mismatch looks like no certificate.
    const verdict = isUnknown(decision) ? null : await ask("POST", "/api/verify", { qr: application.qr });
    answer.replaceChildren(
      make("p.out-of-sight", { role: "status" }, ["结论已显示。", "The decision is shown."]),
      decisionCard(decision),
      ...(verdict === null ? [] : [certificateCard(verdict)]),
      submission(application, decision),
    );
    localise(answer);
    answer.focus({ preventScroll: true });
    answer.scrollIntoView({ block: "start" });
  } catch (error) {
    answer.replaceChildren(problemNotice(error));
    blame(error);
  } finally {
    $("check").disabled = false;
  }
}

/** What can be done with the decision. */
function submission(application, decision) {
  if (isUnknown(decision) || decision.policy === null) return make("div");
  const taken = decision.findings.some((one) => ["PROJECT_USED", "LIMIT_REACHED"].includes(one.code));
  if (taken) {
    return make("div.notice", { "data-tone": "bad" }, make("p", {}, ["名额已占用，不能再次申领。", "The grants are taken; another claim is refused."]));
  }
  if (decision.findings.some((one) => one.rule === "R2" && one.answer === "FAIL")) return make("div");
  const place = make("div");
  const words = decision.outcome === "FAIL" ? ["申请人坚持，仍要提交", "Submit all the same, as the applicant asks"] : ["提交申领", "Submit the claim"];
  const button = make(decision.outcome === "FAIL" ? "button.button.quiet" : "button.button", { type: "button", id: "submit" }, words);
  button.addEventListener("click", () => prepare(application, place, button));
  const byKey = [make("div.actions.full", {}, button)];
  const card = make(
    "section.card",
    {},
    make("h2", {}, ["提交申领", "Submit the claim"]),
    make("p.small.dim", {}, [
      "提交后占用该项目和一次名额，由培训机构所在区审核；受理的人不能审核。",
      "It then holds the project and one grant; the district of the institution decides, and never who took it in.",
    ]),
    ...(flow.key === null ? byProgram(application) : byKey),
  );
  return make("div", {}, card, place);
}

async function prepare(application, place, button) {
  button.disabled = true;
  place.replaceChildren(make("p.busy", { role: "status" }, ["正在准备…", "Preparing…"]));
  try {
    const prepared = await ask("POST", "/api/subsidy/claims/prepare", application);
    const { id_type, id_number, facts } = application;
    const { organisation, uscc, role, founded_on } = facts;
    const told = { id_type, id_number, organisation, uscc, role, founded_on };
    const drafted = await draftClaim(prepared, told, crypto.getRandomValues(new Uint8Array(32)));
    const again = () => prepare(application, place, button);
    const cancelled = () => {
      button.closest(".card").hidden = false;
      button.focus();
    };
    button.closest(".card").hidden = true; // what is about to be signed is not submitted beside it once more
    offerToSign(place, drafted, { ...flow, unconfirmed: prepared.unconfirmed, again, cancelled });
  } catch (error) {
    place.replaceChildren(problemNotice(error));
  } finally {
    button.disabled = false;
  }
}

/** For whoever signed in by malan-sign: the file and the command. */
function byProgram(application) {
  const save = make("button.button", { type: "button", id: "save-application" }, ["下载申请文件", "Download the application"]);
  save.addEventListener("click", () => saveFile("application.json", JSON.stringify(application, null, 1), "application/json"));
  return [
    make("p", {}, [
      "您的密钥不在本浏览器。请下载申请文件，在您的机器上运行：",
      "Your key is not in this browser. Download the application and run on your machine:",
    ]),
    make("div.actions", {}, save),
    make("pre.command", { tabindex: "0" }, make("code", {}, "malan-sign claim application.json")),
    make("p.small.dim", {}, [
      "文件含有证件号码，提交后请删除。",
      "The file holds the document number: delete it once the claim is submitted.",
    ]),
  ];
}

/** The application, or null after saying what is wrong with it. */
function read() {
  const problems = new Map();
  const get = (id) => $(id).value.trim();
  const need = (id, words = REQUIRED) => {
    if (get(id) === "") problems.set(id, words);
    return get(id);
  };
  const normal = (id, how) => {
    try {
      return how($(id).value);
    } catch (error) {
      problems.set(id, textWords(error));
      return "";
    }
  };
  const facts = {
    organisation: normal("organisation", (text) => checkText(text, ORGANISATION_MAX)),
    uscc: get("uscc") === "" ? "" : normal("uscc", checkUscc),
    in_shanghai: need("in_shanghai", CHOOSE) === "yes",
    founded_on: need("founded_on"),
    role: need("role", CHOOSE),
    role_from: need("role_from"),
    source: need("source", CHOOSE),
    as_of: need("as_of"),
  };
  if (get("role_to") !== "") facts.role_to = get("role_to");
  checkDays(facts, problems);
  const application = {
    qr: need("qr"),
    id_type: get("id_type"),
    id_number: normal("id_number", (text) => normaliseId(get("id_type"), text, shanghaiToday())),
    channel: flow.channel,
    facts,
  };
  for (const id of FIELDS) complain(id, problems.get(id) ?? null);
  const first = FIELDS.find((id) => problems.has(id));
  if (first !== undefined) $(first).focus();
  return first === undefined ? application : null;
}

function checkDays(facts, problems) {
  const today = shanghaiToday();
  if (facts.as_of > today) problems.set("as_of", ["核对日期不能在将来。", "Nobody knows a fact of the future."]);
  if (facts.role_to !== undefined && facts.role_to < facts.role_from) {
    problems.set("role_to", ["不能早于开始日期。", "Not before the day it began."]);
  }
  for (const id of ["founded_on", "role_from", "as_of"]) {
    if (!problems.has(id) && !(facts[id] >= "1850-01-01" && facts[id] <= "2200-01-01")) problems.set(id, wordsOf(new Problem(400, "FACT_DATES")));
  }
}

function textWords(error) {
  if (error.code === "TEXT_EMPTY") return REQUIRED;
  if (error.code?.startsWith("TEXT_")) return ["含有不可见或不允许的字符，请重新输入。", "It holds a character that may not stand there. Type it anew."];
  return wordsOf(error);
}

/** Shows what is wrong with a field, or that nothing is. */
function complain(id, words) {
  const problem = $(`${id}-problem`);
  problem.hidden = words === null;
  problem.replaceChildren(...(words === null ? [] : [make("span", {}, words)]));
  if (words === null) $(id).removeAttribute("aria-invalid");
  else $(id).setAttribute("aria-invalid", "true");
}

/** The service names a member by its path; its last part is the id of the field. */
function blame(error) {
  const id = error.where?.split(".").at(-1);
  if (!FIELDS.includes(id)) return;
  complain(id, wordsOf(error));
  $(id).focus();
}
