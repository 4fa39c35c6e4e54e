/** Where a claim stands, by its id; whoever takes claims in may withdraw one that is not decided yet. */

import { localise, make } from "/assets/language.js";
import { ask, problemNotice } from "/assets/session.js";
import { programCard } from "/assets/desk_review.js";
import { offerToSign } from "/assets/desk_signing.js";
import { WITHDRAWALS, districtWords, facts, shanghaiTime, valueWords, yuan } from "/assets/desk_words.js";
import { draftWithdrawal } from "/js/issuers/claims.js";

const input = document.getElementById("claim");
const problem = document.getElementById("claim-problem");
const found = document.getElementById("found");
const TONES = { submitted: ["info", "…"], approved: ["good", "✔"], rejected: ["bad", "✘"], withdrawn: ["grey", "↩"] };
let flow;

/** @param {{session: any, key: any, intake: boolean}} told */
export function startLook(told) {
  flow = told;
  document.getElementById("look-form").addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
}

async function look() {
  const id = input.value.trim().toLowerCase().replace(/^claim\//, "");
  const sound = /^[0-9a-f]{32}$/.test(id);
  problem.hidden = sound;
  problem.replaceChildren(make("span", {}, ["申领编号是 32 位十六进制字符。", "A claim id has 32 hex digits."]));
  input.setAttribute("aria-invalid", String(!sound));
  if (!sound) {
    input.focus();
    return;
  }
  found.replaceChildren(make("p.busy", { role: "status" }, ["正在查询…", "Asking…"]));
  try {
    show(await ask("GET", `/api/subsidy/claims/${id}`));
  } catch (error) {
    found.replaceChildren(problemNotice(error));
  }
}

function show(claim) {
  const [tone, icon] = TONES[claim.state] ?? ["grey", "?"];
  const place = make("div");
  found.replaceChildren(
    make(
      "section.verdict",
      { "data-tone": tone, "data-state": claim.state },
      make("div.verdict-head", {}, make("div.verdict-icon", { "aria-hidden": "true" }, icon), make("h2", {}, valueWords(claim.state))),
      facts(
        [["申领编号", "Claim id"], make("span.mono", {}, claim.claim)],
        [["受理时间", "Taken in"], shanghaiTime(claim.submitted_ms)],
        [["项目", "Project"], claim.project],
        [["政策", "Policy"], claim.policy],
        [["审核区", "District that decides"], districtWords(claim.district)],
        claim.outcome === "approved" ? [["金额", "Amount"], make("strong", {}, yuan(claim.amount_fen))] : null,
      ),
    ),
    ...(claim.state === "submitted" && flow.intake ? [withdrawal(claim, place), place] : []),
  );
  localise(found);
  found.focus({ preventScroll: true });
}

function withdrawal(claim, place) {
  const reason = make("select", { id: "withdraw-reason" }, ...WITHDRAWALS.map(([value, zh, en]) => make("option", { value, "data-zh": zh, "data-en": en })));
  const go = make("button.button.danger", { type: "submit" }, ["撤回…", "Withdraw…"]);
  const form = make(
    "form.card",
    { novalidate: true },
    make("h2", {}, ["撤回申领", "Withdraw the claim"]),
    make("p.small.dim", {}, ["撤回后释放项目和名额，可再次申领。", "This frees project and grant; the person may claim again."]),
    make("div.field", {}, make("label", { for: "withdraw-reason" }, ["原因", "Reason"]), reason),
    make("div.actions.full", {}, go),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (flow.key === null) {
      place.replaceChildren(programCard(`malan-sign withdraw ${claim.claim} --reason ${reason.value}`));
      return;
    }
    offerToSign(place, draftWithdrawal(claim.claim, reason.value), { ...flow, done: () => form.remove(), again: look });
  });
  return form;
}
