/** The chain behind a certificate: typed number or code, then each link with who said it, when, and its proof. */

import { make } from "/assets/language.js";
import { dutyWords } from "/assets/session.js";
import { get, post, problemNotice } from "/assets/supervisor_api.js";
import { facts } from "/assets/supervisor_health.js";
import { FACTS, HOLDS, NODES, STATES, badge, hash, party, short, when } from "/assets/supervisor_words.js";

const SKIPPED = new Set(["state", "kind", "credential", "status_place", "erased", "small", "staff", "instructors", "in_force_seq", "zh", "en", "amount_fen", "unconfirmed"]);

/** @param {HTMLElement} place */
export async function showTrace(place) {
  const input = make("input", { id: "typed", name: "typed", autocomplete: "off", spellcheck: "false", maxlength: "64", required: true, "aria-describedby": "typed-hint" });
  const problem = make("div", { role: "status" });
  const answer = make("div", { id: "answer", tabindex: "-1" });
  const form = make(
    "form.card",
    { novalidate: true },
    make("div.field", {}, make("label", { for: "typed" }, ["证书编号或 16 位验证码", "Certificate number or 16-digit code"]), input, make("p.hint", { id: "typed-hint" }, ["证书上印着的编号（23 位）或二维码旁的验证码。不会进入网址，查看会被记录。", "The 23 characters of the number, or the code beside the QR. It never enters an address; the look is recorded."])),
    problem,
    make("div.actions", {}, make("button.button", { type: "submit" }, ["追溯", "Trace"])),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.replaceChildren();
    answer.replaceChildren();
    if (input.value.trim() === "") {
      input.setAttribute("aria-invalid", "true");
      problem.append(make("p.problem", {}, ["请输入编号或验证码。", "Type a number or a code."]));
      input.focus();
      return;
    }
    input.removeAttribute("aria-invalid");
    answer.append(make("p.busy", {}, ["正在追溯…", "Tracing…"]));
    try {
      answer.replaceChildren(chain(await post("trace", { typed: input.value })));
      answer.focus({ preventScroll: true });
      answer.scrollIntoView({ block: "start" });
    } catch (error) {
      answer.replaceChildren();
      problem.append(problemNotice(error));
    }
  });
  place.append(
    make("h1", {}, ["证书溯源", "Trace of a certificate"]),
    form,
    answer,
    make("p.small.dim", {}, ["反过来，从班级、机构、评价机构或考评员往下看：", "The other way, from a class, institution, body or evaluator downwards: "], make("a", { href: "#classes" }, ["班级", "Classes"])),
  );
}

/** @param {HTMLElement} place @param {() => boolean} _alive @param {string} id */
export async function showCertificate(place, _alive, id) {
  const told = await get(`certificates/${id}`);
  place.append(make("h1", {}, ["证书溯源", "Trace of a certificate"]), chain(told));
}

const PURPOSES = {
  inspection: ["监督检查", "Inspection"],
  complaint: ["投诉处理", "Complaint"],
  correction: ["更正", "Correction"],
  "holder-request": ["持证人本人申请", "Request of the holder"],
  "court-order": ["司法协助", "Court order"],
};

/** Name and number in clear, for one purpose that the reader answers for; recorded before they are shown. */
function unmasking(certificate) {
  const select = make("select", { id: "purpose" }, make("option", { value: "", "data-zh": "请选择用途", "data-en": "Choose a purpose" }, "请选择用途"));
  for (const [value, [zh, en]] of Object.entries(PURPOSES)) select.append(make("option", { value, "data-zh": zh, "data-en": en }, zh));
  const answer = make("div", { role: "status" });
  const button = make("button.button.quiet.small", { type: "button" }, ["显示", "Show"]);
  button.addEventListener("click", async () => {
    answer.replaceChildren();
    if (select.value === "") {
      answer.append(make("p.problem", {}, ["请先选择用途。", "Choose a purpose first."]));
      return;
    }
    try {
      const told = await post("unmask", { certificate, purpose: select.value });
      answer.append(facts([[["姓名", "Name"], told.name], [["证书编号", "Number"], make("span.digits", {}, told.number)]]));
    } catch (error) {
      answer.append(problemNotice(error));
    }
  });
  return make(
    "details.more.no-print",
    { id: "unmask" },
    make("summary", {}, ["显示姓名与编号（须说明用途，会被记录）", "Show name and number (for a purpose; recorded)"]),
    make("div.field", {}, make("label", { for: "purpose" }, ["用途", "Purpose"]), select),
    make("div.actions", {}, button),
    answer,
  );
}

/** The nodes as a chain, from the certificate back to the standard. */
export function chain(told) {
  const whole = told.nodes.every((node) => node.entries.length > 0 && Object.values(node.holds).every(Boolean));
  const head = whole
    ? badge(["每一环都相符", "every link holds", "good", "✔"])
    : badge(["有的环节不符", "a link does not hold", "bad", "✘"]);
  const links = make("p.small", {}, ["链上各环由各方自己签名；证明可用任何工具验证。", "Each link is signed by the party that answers for it; proofs verify with any tool."]);
  const down = "certificate" in told ? make("p", {}, make("a", { href: `#class/${told.class}` }, ["看这个班级的全部证书", "All certificates of this class"])) : null;
  return make("div", {}, make("div.headline", {}, make("h2", {}, ["证据链", "Chain"]), head), links, make("ol.chain", {}, ...told.nodes.map(link)), down ?? "");
}

function link(node) {
  const whole = node.entries.length > 0 && Object.values(node.holds).every(Boolean);
  const state = STATES[node.facts.state];
  return make(
    "li",
    { "data-tone": whole ? "good" : "bad", "data-node": node.node },
    make(
      "div.card",
      {},
      make("h3", {}, make("span", {}, NODES[node.node]), state ? badge(state) : ""),
      make(
        "div.inside",
        {},
        make(
          "div",
          {},
          facts(rows(node)),
          node.facts.small ? make("p.small.dim", {}, ["不足 5 人的班级：不显示人数，以免推知何人不合格。", "A class under five: no numbers, which would tell who failed."]) : "",
          node.facts.unconfirmed ? make("p.small", {}, badge(["演示或未经确认的政策参数", "demo or unconfirmed policy", "warn", "!"])) : "",
          node.facts.erased ? make("p.small.dim", {}, ["持证人的个人信息已删除。", "The holder's data was erased."]) : "",
          node.node === "certificate" && !node.facts.erased ? unmasking(node.id) : "",
          make("ul.holds", {}, ...Object.entries(node.holds).map(([name, holds]) => held(`${node.node}.${name}`, holds))),
        ),
        make("ul.said", {}, ...node.entries.map(entry)),
      ),
    ),
  );
}

function held(name, holds) {
  const words = HOLDS[name] ?? [name, name];
  const mark = make("span.mark", { "aria-hidden": "true" }, holds ? "✔ " : "✘ ");
  const said = make("span", {}, holds ? words : [`不符：${words[0]}`, `Does not hold: ${words[1]}`]);
  return make("li", { "data-tone": holds ? "good" : "bad" }, mark, said);
}

function rows(node) {
  const told = { ...node.facts };
  if (node.node === "standard") told.title = [told.zh, told.en];
  if (node.node === "claim") told.amount = `¥${(told.amount_fen / 100).toFixed(2)}`;
  return Object.entries(told)
    .filter(([name, value]) => !SKIPPED.has(name) && value !== null && value !== undefined)
    .map(([name, value]) => [FACTS[name] ?? [name, name], shownValue(name, value)]);
}

function shownValue(name, value) {
  if (Array.isArray(value)) return value;
  if (typeof value === "object") return party(value);
  return String(value);
}

function entry(one) {
  const by = one.said_by;
  const duty = dutyWords([by.duty ?? "?"]);
  const approved = one.approved_by.map((other) =>
    make("div", {}, ["另一人同意：", "Approved by another: "], [other.zh, other.en], ` · ${short(other.staff ?? "")} · #${other.seq}`),
  );
  return make(
    "li",
    {},
    make("div", {}, badge([one.zh, one.kind, "info"]), ` #${one.seq} · ${when(one.time_ms)}`),
    make("div", {}, [by.zh, by.en], " · ", duty, by.staff ? ` ${short(by.staff)}` : ""),
    ...approved,
    make(
      "details.more",
      {},
      make("summary", {}, ["声明哈希与证明", "Statement hash and proof"]),
      make("p", {}, hash(one.statement)),
      by.staff ? make("p", {}, ["人员标识 ", "Staff id "], make("span.mono", {}, by.staff)) : "",
      make("p", {}, one.proof === null ? ["尚未发布，稍后才有证明。", "Not published yet; the proof comes later."] : make("a", { href: one.proof }, ["下载条目与包含证明（tlog-proof）", "Entry and inclusion proof (tlog-proof)"])),
    ),
  );
}
