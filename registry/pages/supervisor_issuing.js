/** Certificates issued in the district, by day or month and by body, as plots and tables. */

import { make } from "/assets/language.js";
import { get } from "/assets/supervisor_api.js";
import { unfinished } from "/assets/supervisor_classes.js";
import { bars, named, plot, table } from "/assets/supervisor_plots.js";
import { STATES, badge, party } from "/assets/supervisor_words.js";

let unit = "day";

/** @param {HTMLElement} place @param {() => boolean} alive */
export async function showIssuing(place, alive) {
  const told = await get(`issuing?unit=${unit}`);
  const series = make("section.card");
  const choice = make(
    "fieldset.field",
    {},
    make("legend", {}, ["时间单位", "Unit of time"]),
    make("div.choices", {}, radio("day", ["按日（近 62 天）", "By day (62 days)"]), radio("month", ["按月（近 24 个月）", "By month (24 months)"])),
  );
  choice.addEventListener("change", async (event) => {
    unit = event.target.value;
    const next = await get(`issuing?unit=${unit}`);
    if (alive()) fill(next);
  });
  place.append(
    make("h1", {}, ["颁发统计", "Certificates issued"]),
    ...unfinished(told),
    standing(told),
    series,
    byBody(told),
    rates(told, "rates_by_body", ["各评价机构的合格率", "Pass rates by evaluation body"]),
    rates(told, "rates_by_institution", ["各培训机构的合格率", "Pass rates by institution"]),
    smallNumbers(),
  );
  fill(told);

  function fill(page) {
    const select = make("select", { id: "plot-body" }, make("option", { value: "", "data-zh": "全部", "data-en": "All" }, "全部"));
    for (const one of page.bodies) select.append(make("option", { value: one.id, "data-zh": one.zh, "data-en": one.en }, one.zh));
    const picture = make("div");
    const change = () => {
      const body = select.value;
      const rows = page.rows.map((row) => ({ label: row.label, count: body === "" ? row.total : (row.bodies[body] ?? 0) }));
      const total = rows.reduce((sum, row) => sum + row.count, 0);
      const span = `${rows[0].label} – ${rows[rows.length - 1].label}`;
      const words = [`${span} 颁发 ${total} 张`, `${span}: ${total} certificates`];
      const heads = [page.unit === "day" ? ["日期", "Day"] : ["月份", "Month"], ["颁发", "Issued"]];
      picture.replaceChildren(
        make("p", {}, words),
        plot((width) => bars(rows, width), words),
        table(heads, rows.filter((row) => row.count > 0).map((row) => [row.label, String(row.count)])),
      );
    };
    select.addEventListener("change", change);
    series.replaceChildren(
      make("h2", {}, ["随时间", "Over time"]),
      choice,
      make("div.field", {}, make("label", { for: "plot-body" }, ["评价机构", "Evaluation body"]), select),
      picture,
    );
    change();
    document.dispatchEvent(new Event("malan-language"));
  }
}

function radio(value, words) {
  return make("label", {}, make("input", { type: "radio", name: "unit", value, checked: unit === value }), make("span", {}, words));
}

function standing(told) {
  const states = Object.entries(told.standing).map(([state, count]) => make("li", { "data-tone": STATES[state][2] }, make("span.small.dim", {}, badge(STATES[state])), make("span.value", {}, String(count))));
  const all = make("li", { "data-tone": "info" }, make("span.small.dim", {}, ["全部颁发", "All issued"]), make("span.value", {}, String(told.total)));
  return make("ul.look", {}, all, ...states);
}

function byBody(told) {
  const rows = told.bodies.map((one) => ({ ...one, count: one.issued }));
  const card = make("section.card", {}, make("h2", {}, ["按评价机构（全部时间）", "By evaluation body (all time)"]));
  if (rows.length === 0) {
    card.append(make("p", {}, ["本区尚未颁发证书。", "No certificate was issued in the district yet."]));
    return card;
  }
  const words = [
    rows.map((row) => `${row.zh} ${row.count} 张`).join("，"),
    rows.map((row) => `${row.en}: ${row.count}`).join(", "),
  ];
  card.append(
    plot((width) => named(rows, width), words),
    table([["评价机构", "Evaluation body"], ["颁发", "Issued"]], rows.map((row) => [party(row), String(row.count)])),
  );
  return card;
}

function rates(told, name, words) {
  const card = make("section.card", {}, make("h2", {}, words));
  const heads = [["名称", "Name"], ["班级", "Classes"], ["合格 / 参评", "Passed / candidates"], ["合格率", "Rate"], ["不足 5 人的班", "Classes under 5"]];
  const rows = told[name].map((one) => [
    party(one),
    String(one.classes),
    `${one.passed} / ${one.candidates}`,
    one.candidates === 0 ? "–" : `${((100 * one.passed) / one.candidates).toFixed(1)}%`,
    String(one.small_classes),
  ]);
  const head = make("thead", {}, make("tr", {}, ...heads.map((one, place) => make(place ? "th.number" : "th", { scope: "col" }, one))));
  const body = make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell, place) => make(place ? "td.number" : "th", place ? {} : { scope: "row" }, cell)))));
  card.append(
    make("div.scroll", { tabindex: "0", role: "group", "data-label-zh": words[0], "data-label-en": words[1], "aria-label": words[0] }, make("table.rows.wide-rows", {}, head, body)),
  );
  return card;
}

function smallNumbers() {
  return make("p.small.dim", {}, [
    "不足 5 人的班级整体不计入参评、合格与合格率：人数太少，会让人推知何人不合格，也无法从总数中倒推。颁发数量本来就逐张公开在账本上，不含不合格信息。",
    "Classes under five enter neither candidates, passed nor rate, as a whole: so few would tell who failed, and nothing can be taken out of a sum. Issued certificates stand one by one in the public log and tell nothing of failures.",
  ]);
}
