/** Lists of the district's classes by institution, body and evaluator, and one class with its certificates. */

import { make } from "/assets/language.js";
import { get, problemNotice } from "/assets/supervisor_api.js";
import { chain } from "/assets/supervisor_trace.js";
import { STATES, badge, party, short } from "/assets/supervisor_words.js";

const chosen = { institution: "", body: "", evaluator: "" };

/** @param {HTMLElement} place @param {() => boolean} alive */
export async function showClasses(place, alive) {
  const told = await get(`classes?${new URLSearchParams(chosen)}`);
  const list = make("div");
  const filters = make(
    "div.card.filters",
    {},
    filter("institution", ["培训机构", "Institution"], told.institutions.map((one) => [one.id, party(one)]), again),
    filter("body", ["评价机构", "Evaluation body"], told.bodies.map((one) => [one.id, party(one)]), again),
    filter("evaluator", ["考评员（人员标识）", "Evaluator (staff id)"], told.evaluators.map((one) => [one, [short(one), short(one)]]), again),
  );
  place.append(make("h1", {}, ["本区班级", "Classes of the district"]), ...unfinished(told), filters, list);
  fill(told);

  async function again() {
    list.replaceChildren(make("p.busy", {}, ["正在读取…", "Loading…"]));
    try {
      const next = await get(`classes?${new URLSearchParams(chosen)}`);
      if (alive()) {
        list.replaceChildren();
        fill(next);
      }
    } catch (error) {
      list.replaceChildren(problemNotice(error));
    }
  }

  function fill(page) {
    if (page.classes.length === 0) list.append(make("p.card", {}, ["没有符合条件的班级。", "No class fits."]));
    else list.append(make("div.card", {}, make("ul.list", {}, ...page.classes.map(row))));
    if (page.before === null) return;
    const more = make("button.button.quiet", { type: "button" }, ["更早的班级", "Earlier classes"]);
    more.addEventListener("click", async () => {
      more.disabled = true;
      const next = await get(`classes?${new URLSearchParams({ ...chosen, before: String(page.before) })}`);
      more.remove();
      fill(next);
    });
    list.append(make("div.actions", {}, more));
  }
}

/** Counts go on in steps after a start of the service; until they reach the end, that is said. */
export function unfinished(told) {
  if (told.counted_to >= told.size) return [];
  const words = [
    `统计尚未完成：已读 ${told.counted_to} / ${told.size} 条，稍后刷新。`,
    `Still counting: ${told.counted_to} of ${told.size} entries read. Load again in a moment.`,
  ];
  return [make("p.notice", { "data-tone": "warn" }, "… ", words)];
}

function filter(name, words, options, changed) {
  const select = make("select", { id: `filter-${name}` }, make("option", { value: "", "data-zh": "全部", "data-en": "All" }, "全部"));
  for (const [value, [zh, en]] of options) {
    select.append(make("option", { value, "data-zh": zh, "data-en": en }, zh));
  }
  select.value = chosen[name];
  select.addEventListener("change", () => {
    chosen[name] = select.value;
    changed();
  });
  return make("div.field", {}, make("label", { for: `filter-${name}` }, words), select);
}

function row(one) {
  const state = one.confirmed ? badge(["已确认", "confirmed", "good", "✔"]) : badge(["未评价", "not evaluated", "grey", "–"]);
  const counts = one.candidates === null
    ? ["不足 5 人，不显示人数", "under five: no numbers"]
    : one.passed === null
      ? ["尚无结果", "no result yet"]
      : [`参评 ${one.candidates} · 合格 ${one.passed} · 颁发 ${one.issued}`, `${one.candidates} candidates · ${one.passed} passed · ${one.issued} issued`];
  return make(
    "li",
    {},
    make("div.headline", {}, make("a", { href: `#class/${one.class}` }, party(one.institution), ` ${one.first_day}`), state),
    make("div.small", {}, ["评价：", "Evaluated by "], party(one.body), " · ", ["项目 ", "project "], one.project),
    make("div.small.dim", {}, one.confirmed ? counts : ["尚无结果", "no result yet"]),
  );
}

/** @param {HTMLElement} place @param {() => boolean} _alive @param {string} id */
export async function showClass(place, _alive, id) {
  const [told, listed] = await Promise.all([get(`classes/${id}`), get(`classes/${id}/certificates`)]);
  place.append(
    make("p", {}, make("a", { href: "#classes" }, ["← 全部班级", "← All classes"])),
    make("h1", {}, ["班级", "Class"]),
    certificates(listed.certificates),
    chain(told),
  );
}

function certificates(found) {
  const card = make("section.card", {}, make("h2", {}, [`证书（${found.length}）`, `Certificates (${found.length})`]));
  if (found.length === 0) {
    card.append(make("p", {}, ["尚未颁发证书。", "No certificate was issued yet."]));
    return card;
  }
  const head = make("tr", {}, ...[["证书", "Certificate"], ["颁发日期", "Issued on"], ["状态", "State"]].map((words) => make("th", { scope: "col" }, words)));
  const body = found.map((one) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("a", { href: `#certificate/${one.certificate}` }, `#${one.seq}`)),
      make("td", {}, one.issued_on),
      make("td", {}, badge(STATES[one.state])),
    ),
  );
  card.append(
    make("p.small.dim", {}, ["以账本条目号列出；打开后姓名遮盖显示，查看会被记录。", "Listed by entry; opened, the name is masked and the look recorded."]),
    make("div.scroll", { tabindex: "0", role: "group", "data-label-zh": "证书列表", "data-label-en": "Certificates", "aria-label": "证书列表" }, make("table.rows", {}, make("thead", {}, head), make("tbody", {}, ...body))),
  );
  return card;
}
