/**
 * What people see of a verdict: colour, icon and words together, what to do next, the signed facts only when there are
 * any, and the twelve steps. Builds DOM from texts; knows no network.
 */

import { make, say } from "/assets/language.js";
import { reporting } from "/assets/verify_report.js";

const TONES = {
  valid: "good",
  suspended: "warn",
  superseded: "warn",
  expired: "warn",
  not_yet_valid: "warn",
  could_not_check: "grey",
  unreadable: "grey",
};
const MARKS = {
  passed: ["✓", "通过", "passed"],
  failed: ["✗", "未通过", "failed"],
  could_not_check: ["?", "未能核验", "not checked"],
};
const KINDS = { C: ["合格证书", "Certificate of qualification"], J: ["结业证书", "Certificate of completion"] };
const STAGES = {
  1: ["创业意识激发期", "awareness stage"],
  2: ["创业准备期", "preparation stage"],
  3: ["创业初创期", "start-up stage"],
  4: ["创业发展期", "growth stage"],
};

/** The colour of a state; never the only sign of it. @param {string} state */
export function toneOf(state) {
  return TONES[state] ?? "bad";
}

/**
 * The verdict as panels, the heading first.
 * @param {any} verdict
 * @param {any} words
 * @param {{notes?: [string, string][], origin?: Node | null, hosts: string[], byServer?: boolean, leads?: string | null}} told `hosts`:
 *   where this page is published to be; `leads`: where a code of somebody else's does
 * @returns {HTMLElement[]}
 */
export function verdictPanels(verdict, words, { notes = [], origin = null, hosts, byServer = false, leads = null }) {
  const all = [
    panel(verdict, words, notes, byServer),
    verdict.facts === null ? null : facts(verdict),
    nextSteps(verdict, origin, hosts, leads),
    steps(verdict),
  ];
  return all.filter((one) => one !== null);
}

/** The masked answer to a typed code, and what it is not. */
export function maskedPanels(code, found, words) {
  const notCheck = make(
    "div.notice",
    { "data-tone": "warn" },
    make("p", {}, [
      "这是登记系统按验证码给出的信息，已经遮盖。它没有核验您手中的证书：纸面上的姓名和内容可能被改动过。请扫描证书上的二维码核验。",
      "This is what the registry has under the code, masked. It does not check the paper in your hand, whose name or content may be altered: scan its QR code for that.",
    ]),
  );
  const grouped = make("span.digits", {}, code.replace(/(.{4})(?=.)/g, "$1 "));
  if (found === null) {
    const lead = ["请核对数字是否输错。如果无误，请不要采信这份证书。", "Compare the digits again. If they are right, do not rely on the certificate."];
    return [frame("grey", "?", ["查无此证", "No certificate has this code"], make("p.lead", {}, lead), make("p", {}, grouped)), reporting({ code, state: { zh: "查无此证", en: "No certificate has this code" } })];
  }
  const state = words.states[found.state] ?? words.states.could_not_check;
  const rows = [
    [["登记状态", "State"], badge(toneOf(found.state), state.icon, [state.title.zh, state.title.en])],
    (found.reason_zh ?? null) === null ? null : [["原因", "Reason"], say(`${found.reason_zh}（国家状态码 ${found.national}）`, `${found.reason_en} (national status ${found.national})`)],
    (found.current_version ?? 1) === 1 ? null : versionRow(found),
    [["验证码", "Code"], grouped],
    [["姓名", "Name"], always(found.name)],
    [["证书编号", "Number"], make("span.digits", {}, found.number)],
    [["证书类别", "Kind"], say(...(KINDS[found.kind] ?? [found.kind, found.kind]))],
    [["课程", "Course"], say(found.course, found.course_en || found.course)],
    [["课时", "Lesson hours"], String(found.hours)],
    [["评价机构", "Evaluation body"], say(found.body.zh, found.body.en || found.body.zh)],
    [["签发日期", "Issued on"], found.issued_on],
    found.expires_on === null ? null : [["有效期至", "Valid until"], found.expires_on],
    found.witnessed === undefined ? null : [["账本", "Log"], say(...witnessWords(found.witnessed))],
  ];
  // Never green with a tick: nothing of the paper was checked.
  const shown = frame("info", "i", ["登记信息（已遮盖）", "Registered particulars (masked)"], list(rows));
  return [notCheck, shown, reporting({ number: found.number, code, state: state.title })];
}

/** How far the entry has come, and who stands behind it. */
function witnessWords({ stage, cosigned, witnesses }) {
  const [zh, en] = { recorded: ["已记录，尚未发布", "Recorded, not yet published"], published: ["已发布", "Published"], final: ["已最终确认", "Final"] }[stage];
  if (witnesses === 0) return [`${zh}；没有见证方为账本签署`, `${en}; nobody witnesses the log`];
  return [`${zh}；见证 ${cosigned}/${witnesses}`, `${en}; cosigned ${cosigned} of ${witnesses}`];
}

function versionRow({ version, current_version: current, current_on: on }) {
  const now = [`现行为第 ${current} 版，${on} 签发`, `version ${current} is in force, made on ${on}`];
  const own = [`第 ${version} 版；${now[0]}`, `${version}; ${now[1]}`];
  return [["版本", "Version"], say(...(version === current ? now : own))];
}

/** @param {string} tone @param {string} icon @param {[string, string]} title @param {...Node} inside */
export function frame(tone, icon, title, ...inside) {
  const head = make(
    "div.verdict-head",
    {},
    make(icon === "i" ? "span.verdict-icon.letter" : "span.verdict-icon", { "aria-hidden": "true" }, icon),
    make("h1", { tabindex: "-1" }, title),
  );
  return make("div.verdict", { "data-tone": tone }, head, ...inside);
}

function panel(verdict, words, notes, byServer) {
  const { icon } = words.states[verdict.state];
  const reason = verdict.state === "valid" ? null : verdict.steps.find(({ code }) => code !== "" && code === verdict.code);
  const inside = [make("p.lead", {}, [verdict.advice.zh, verdict.advice.en])];
  if (reason) {
    inside.push(make("p", {}, make("strong", {}, ["原因：", "Reason: "]), [reason.zh, reason.en], " ", make("span.mono.dim.whole", {}, reason.code)));
  }
  if (verdict.life !== null) inside.push(...lived(verdict.life, verdict.facts?.version ?? 1));
  const marks = verdict.facts === null ? [] : badges(verdict);
  if (marks.length > 0) inside.push(make("ul.badges", {}, ...marks.map((one) => make("li", {}, one))));
  for (const [zh, en] of notes) inside.push(make("p.small", {}, [zh, en]));
  const who = byServer
    ? ["由服务器核验，不是本机核验", "Checked by the server, not by this device"]
    : ["由本机核验", "Checked by this device"];
  inside.push(make("p.small.dim", {}, who, " · ", make("span.whole", {}, shanghai(verdict.checked_at))));
  return frame(toneOf(verdict.state), icon, [verdict.title.zh, verdict.title.en], ...inside);
}

/** What the log says became of it, in words: why and when, and which version is in force now. */
function lived(life, version) {
  const why = make("p", {}, [`${life.zh}（${life.on}，国家状态码 ${life.national}）`, `${life.en} (${life.on}, national status ${life.national})`]);
  if (life.current_version === null || life.current_version <= version) return [why];
  const [number, on] = [life.current_version, life.current_on];
  const now = [`现行版本：第 ${number} 版，${on} 签发。`, `In force now: version ${number}, made on ${on}.`];
  return [why, make("p", {}, make("strong", {}, now))];
}

function badges(verdict) {
  const { complete, final, cosigned, witnesses, status_fresh: fresh, facts: told } = verdict;
  const found = [];
  found.push(complete ? badge("good", "✓", ["账本有记载", "In the log"]) : badge("warn", "?", ["未核对账本", "Log not checked"]));
  if (complete) {
    const count = [`见证 ${cosigned}/${witnesses}`, `Cosigned ${cosigned} of ${witnesses}`];
    const nobody = ["没有见证方为账本签署", "Nobody witnesses the log"];
    const pending = badge("grey", "…", witnesses === 0 ? nobody : [`${count[0]} · 尚未最终确认`, `${count[1]} · not final yet`]);
    found.push(
      final
        ? badge("good", "✓", [`已最终确认 · ${count[0]}`, `Final · ${count[1]}`])
        : pending,
    );
  }
  if (told.status_at !== null) {
    const at = shanghai(told.status_at);
    const stale = [`状态截至 ${at}，已过期`, `Status as of ${at}, out of date`];
    const [tone, icon] = told.status === "valid" ? ["good", "✓"] : ["info", "·"];
    found.push(fresh ? badge(tone, icon, [`状态截至 ${at}`, `Status as of ${at}`]) : badge("warn", "!", stale));
  }
  return found;
}

function badge(tone, icon, [zh, en]) {
  return make("span.badge", { "data-tone": tone }, make("span", { "aria-hidden": "true" }, icon), [zh, en]);
}

function facts(verdict) {
  const { facts: told, state } = verdict;
  const relied = state === "valid" ? null : make("p.small.dim", {}, ["以下是签名中写的内容，不代表证书有效。", "What the signature says; it does not mean that the certificate stands."]);
  const rows = [
    [["姓名", "Name"], make("span.strong", {}, always(told.name))],
    told.last_four === null ? null : [["证件号后四位", "Last four of the ID"], make("span.strong.digits", {}, told.last_four)],
    [["课程", "Course"], always(told.course)],
    [["类别与阶段", "Kind and stage"], say(...joined(KINDS[told.kind], STAGES[told.stage]))],
    [["课时", "Lesson hours"], String(told.hours)],
    [["评价机构", "Evaluation body"], make("span", {}, [told.body.zh, told.body.en || told.body.zh])],
    [["签发日期", "Issued on"], told.issued_on],
    told.version === 1 ? null : [["版本", "Version"], say(`第 ${told.version} 版，${told.version_on} 签发`, `${told.version}, made on ${told.version_on}`)],
    told.expires_at === null ? null : [["有效期至", "Valid until"], shanghai(told.expires_at)],
    [["证书编号", "Number"], make("span.digits", {}, told.number)],
    [["验证码", "Code"], make("span.digits", {}, told.code.replace(/(.{4})(?=.)/g, "$1 "))],
    told.seq === null ? null : [["账本位置", "Place in the log"], make("span", {}, `${told.seq} · `, make("span.whole", {}, shanghai(told.logged_at)))],
  ];
  return make("div.card", {}, make("h2", {}, ["签名内容", "What was signed"]), relied, list(rows), compare(told));
}

function compare(told) {
  const four = told.last_four;
  const zh = four === null ? "请查看持证人的身份证件，核对姓名。" : `请查看持证人的身份证件，核对姓名，并核对证件号后四位是否为 ${four}。`;
  const en = four === null ? "Look at the holder's identity card and compare the name." : `Look at the holder's identity card: compare the name, and that its number ends in ${four}.`;
  const why = ["真实的二维码可以被复制到别人的证书上。", " A genuine code can be copied onto somebody else's paper."];
  const lead = make("strong", {}, ["核对本人：", "Is it this person? "]);
  return make("div.notice", { "data-tone": "info" }, make("p", {}, lead, [zh, en], why));
}

function nextSteps(verdict, origin, hosts, leads) {
  const names = make("strong.mono", {}, hosts.map((host) => host.replace(/^https?:\/\//, "")).join(" · "));
  const where = ["公布的核验网址：", "The published address of this page: "];
  const address = make("p", {}, where, names, ["。请与地址栏核对。", ". Compare it with the address bar."]);
  const { facts: told, title: state, code: reason, checked_at: at } = verdict;
  const card = reporting({ number: told?.number, code: told?.code, state, reason, at: shanghai(at), leads });
  if (hosts.length > 0) card.prepend(address);
  if (origin !== null) card.prepend(origin);
  return card;
}

function steps(verdict) {
  const items = verdict.steps.map((one) => {
    const [mark, zh, en] = MARKS[one.result];
    return make(
      "li",
      { "data-result": one.result },
      make("span.step-mark", { "aria-hidden": "true" }, mark),
      make("span.step-name", {}, `${one.number} `, [one.name.zh, one.name.en], make("span.out-of-sight", {}, [`：${zh}`, `: ${en}`])),
      make("span.step-said", {}, [one.zh, one.en]),
    );
  });
  const done = verdict.steps.filter(({ result }) => result === "passed").length;
  const summary = make("summary", {}, [`十二步核验：${done} 步通过`, `Twelve steps: ${done} passed`]);
  return make("details.card.more", {}, summary, make("ol.steps", {}, ...items));
}

function list(rows) {
  return make("dl.facts", {}, ...rows.filter((row) => row !== null).flatMap(([[zh, en], value]) => [make("dt", {}, [zh, en]), make("dd", {}, value)]));
}

/** A text of a certificate: Chinese, and shown in either language. */
function always(text) {
  return make("span", { lang: "zh-CN", "data-keep": true }, text);
}

function joined(kind = ["", ""], stage = ["", ""]) {
  return [`${kind[0]} · ${stage[0]}`, `${kind[1]} · ${stage[1]}`];
}

/** Date and minute in Shanghai, as people read it. @param {string} instant */
function shanghai(instant) {
  const time = new Date(instant).getTime();
  if (Number.isNaN(time)) return instant;
  return new Date(time + 8 * 3_600_000).toISOString().slice(0, 16).replace("T", "\u00a0");
}
