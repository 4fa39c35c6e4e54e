/** Audits: start one, watch it, read what it found in words, keep the report; and why to run one's own. */

import { localise, make } from "/assets/language.js";
import { get, post, problemNotice } from "/assets/supervisor_api.js";
import { facts } from "/assets/supervisor_health.js";
import { RUNS, badge, hash, party, short, when } from "/assets/supervisor_words.js";

const POLL_MS = 1000;
const CLASSES_MAX = 20;
const CHECKS = {
  sound: ["相符", "sound", "good", "✔"],
  departures: ["有偏离", "departures", "bad", "✘"],
  could_not_check: ["未能核查", "could not check", "warn", "?"],
  not_asked: ["未进行", "not made", "grey", "–"],
};

/** @param {HTMLElement} place @param {() => boolean} alive */
export async function showAudits(place, alive) {
  const [told, classes] = await Promise.all([get("audits"), get("classes")]);
  const now = make("div", { id: "run", role: "status" });
  const found = make("div", { id: "found", tabindex: "-1" });
  const list = make("section.card");
  place.append(
    make("h1", {}, ["核查账本", "Audit of the log"]),
    caution(),
    startCard(classes.classes, async (ids) => {
      now.replaceChildren();
      const run = await post("audits", { classes: ids });
      await watch(run.id);
    }),
    now,
    found,
    list,
  );
  fillList(list, told, open);
  const running = told.runs.find((run) => run.state === "running");
  if (running !== undefined) watch(running.id).catch((error) => now.replaceChildren(problemNotice(error)));
  else if (told.runs.length > 0) await open(told.runs[0].id, false);

  async function watch(id) {
    for (;;) {
      const run = await get(`audits/${id}`);
      if (!alive()) return;
      if (run.state !== "running") break;
      now.replaceChildren(progress(run));
      await new Promise((resume) => setTimeout(resume, POLL_MS));
      if (!alive()) return;
    }
    now.replaceChildren();
    fillList(list, await get("audits"), open);
    await open(id, true);
  }

  async function open(id, focus) {
    const run = await get(`audits/${id}`);
    if (!alive()) return;
    found.replaceChildren(report(run));
    localise(found);
    if (focus) {
      found.focus({ preventScroll: true });
      found.scrollIntoView({ block: "start" });
    }
  }
}

/** The audits kept for the district; `open` shows one. */
function fillList(list, page, open) {
  list.replaceChildren(make("h2", {}, ["本区保存的核查", "Audits kept for this district"]));
  if (page.runs.length === 0) {
    list.append(make("p", {}, ["还没有。", "None yet."]));
    return;
  }
  list.append(make("ul.list", {}, ...page.runs.map((run) => row(run, () => open(run.id, true)))));
  if (page.before_ms === null) return;
  const more = make("button.button.quiet", { type: "button" }, ["更早的核查", "Earlier audits"]);
  more.addEventListener("click", async () => {
    const next = await get(`audits?before=${page.before_ms}`);
    more.remove();
    list.append(make("ul.list", {}, ...next.runs.map((run) => row(run, () => open(run.id, true)))));
  });
  list.append(more);
}

function caution() {
  const command = `malan-verify audit ${location.origin}/log --genesis FINGERPRINT --html audit.html`;
  return make(
    "section.notice",
    { "data-tone": "warn" },
    make("h2", {}, ["在本服务器上做的核查，不能证明本服务器没有问题", "An audit by this server cannot convict this server"]),
    make("p", {}, [
      "在这里运行的是与 malan-verify 相同的程序，但它由本服务器运行：若服务器作假，它也可以把假结果给您看。要得到能作数的结论，请在自己的电脑上运行：",
      "What runs here is the program of malan-verify, but this server runs it: a server that lies can show you a lie. For a result that counts, run it on your own machine:",
    ]),
    make("code.command", {}, command),
    make("p.small", {}, [
      "把 FINGERPRINT 换成市就业促进中心公布的创世指纹（64 位十六进制数字），应取自纸质或其他渠道，不要取自本页。要核对成绩，再加 --evidence 与班级证据文件。",
      "Put the genesis fingerprint that the city centre published (64 hex digits) in the place of FINGERPRINT, from paper or another channel, not from this page. To check results, add --evidence and the evidence of a class.",
    ]),
  );
}

function startCard(classes, start) {
  const button = make("button.button", { type: "submit" }, ["开始核查", "Start the audit"]);
  const problem = make("div", { role: "status" });
  const options = classes.filter((one) => one.confirmed).slice(0, CLASSES_MAX);
  const form = make(
    "form.card",
    {},
    make("h2", {}, ["在此运行一次核查", "Run an audit here"]),
    make("p", {}, ["核查整个已发布的账本：每个字节、每个签名、每项权限、每条规则。勾选的班级还会打开证据，重算成绩。", "Audits the whole published log: every byte, signature, right and rule. Of the classes chosen, the evidence is opened and the results recomputed."]),
    options.length === 0
      ? ""
      : make(
          "details.more",
          {},
          make("summary", {}, ["附班级证据（可选，打开会被记录）", "With the evidence of classes (optional; opening is recorded)"]),
          make("fieldset.field", {}, make("legend.out-of-sight", {}, ["班级", "Classes"]), make("div.pick", { tabindex: "0" }, ...options.map(option))),
        ),
    problem,
    make("div.actions", {}, button),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.replaceChildren();
    button.disabled = true;
    try {
      await start([...form.querySelectorAll("input:checked")].map((one) => one.value));
    } catch (error) {
      problem.replaceChildren(problemNotice(error));
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

function option(one) {
  return make("label", {}, make("input", { type: "checkbox", value: one.class }), make("span", {}, party(one.institution), ` ${one.first_day}`));
}

function progress(run) {
  const bar = make("progress", { max: String(run.total || 1), "data-label-zh": "核查进度", "data-label-en": "Progress of the audit", "aria-label": "核查进度" });
  if (run.total) bar.value = run.done;
  return make("div.card", {}, make("p.busy", {}, [`核查进行中：${run.done} / ${run.total || "…"} 条`, `Auditing: ${run.done} of ${run.total || "…"} entries`]), bar);
}

function row(run, open) {
  const button = make("button.button.quiet.small", { type: "button" }, ["查看", "Open"]);
  button.addEventListener("click", open);
  return make(
    "li",
    {},
    make("div.headline", {}, badge(RUNS[run.state]), make("span", {}, when(run.begun_ms)), run.state === "running" ? "" : button),
    make("div.small.dim", {}, [`${run.total} 条 · 附 ${run.classes} 个班级的证据 · 运行人 ${short(run.staff)}`, `${run.total} entries · evidence of ${run.classes} class(es) · run by ${short(run.staff)}`]),
  );
}

function report(run) {
  const words = RUNS[run.state];
  const head = make("div.verdict-head", {}, make("div.verdict-icon", { "aria-hidden": "true" }, words[3]), make("h2", {}, [words[0], words[1]]));
  const card = make("section.verdict", { "data-tone": words[2], "data-state": run.state }, head);
  if (run.report === null) {
    card.append(make("p", {}, ["这次核查没有结束，也没有报告。请再运行一次。", "This audit did not end and has no report. Run another."]));
    return card;
  }
  const told = run.report;
  const files = ["html", "json"].map((form) => make("a.button.quiet.small", { href: `/api/supervision/audits/${run.id}/${form}`, download: "" }, form === "html" ? ["下载报告（网页）", "Report (page)"] : ["下载报告（JSON）", "Report (JSON)"]));
  card.append(
    facts([
      [["运行时间", "Run at"], when(run.begun_ms)],
      [["运行人", "Run by"], make("span.mono", {}, run.staff)],
      [["条目数", "Size audited"], String(told.size ?? "–")],
      [["树根", "Root"], told.root ? hash(told.root) : "–"],
    ]),
    ...findings(told.departures, told.counts.departure, ["偏离", "Departures"], "bad"),
    ...findings(told.could_not_check, told.counts.could_not_check, ["未能核查", "Could not check"], "warn"),
    ...signals(told.signals),
    ...findings(told.notes, told.counts.note, ["说明", "Notes"], "grey"),
    make("details.more", {}, make("summary", {}, ["核查了什么", "What was checked"]), make("ul.list", {}, ...told.checks.map(check))),
    make("details.more", {}, make("summary", {}, ["这次核查看不出什么", "What this audit cannot show"]), make("ul", {}, ...told.cannot_show.map((one) => make("li", {}, [one.zh, one.en])))),
    make("div.actions", {}, ...files),
    make("details.more", {}, make("summary", {}, ["报告的 SHA-256", "SHA-256 of the report"]), make("p.small", {}, "HTML ", hash(run.html_sha256)), make("p.small", {}, "JSON ", hash(run.json_sha256))),
  );
  return card;
}

function findings(found, count, words, tone) {
  if (count === 0) return [];
  const more = count > found.length ? make("p.small", {}, [`另有 ${count - found.length} 项未列出。`, `${count - found.length} more are not listed.`]) : "";
  return [make("section", { "data-tone": tone }, make("h3", {}, words, ` (${count})`), make("ul.list", {}, ...found.map(finding)), more)];
}

function finding(one) {
  return make("li", {}, make("div", {}, [one.zh, one.en]), make("div.small.dim", {}, make("span.mono", {}, `${one.code} · ${one.where}`)));
}

function signals(found) {
  const head = make("h3", {}, ["需人工查看的迹象", "Signals for a person to look at"], ` (${found.length})`);
  const words = found.length === 0
    ? make("p.small", {}, ["未触发任何迹象。", "None was raised."])
    : make("ul.list", { "data-signals": "" }, ...found.map(finding));
  const why = make("p.small.dim", {}, ["迹象不是偏离，也不改变结论：诚实的机构也可能出现，须由人判断。涉及整个账本，不限本区。", "A signal is no departure and changes no verdict: an honest body can show one, so a person judges. Signals are of the whole log, not of this district alone."]);
  return [make("section", {}, head, words, why)];
}

function check(one) {
  return make("li", {}, make("div", {}, badge(CHECKS[one.state]), " ", [one.title.zh, one.title.en]), make("div.small.dim", {}, [one.detail.zh, one.detail.en]));
}
