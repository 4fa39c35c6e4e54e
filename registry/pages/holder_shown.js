/** What a holder sees of one certificate. Builds DOM from what the service said; keeps nothing. */

import { make, say } from "/assets/language.js";
import { linksPart } from "/assets/holder_links.js";
import { CLAIMS, KINDS, STAGES, stamp } from "/assets/holder_words.js";
import { toneOf } from "/assets/verify_shown.js";

const STAGE_WORDS = {
  recorded: ["已记录，几分钟内公布", "recorded, published within minutes"],
  published: ["已公布", "published"],
  final: ["已最终确认", "final"],
};

/**
 * @param {any} one a certificate, as the service tells it
 * @param {string} today
 * @param {(error: unknown) => HTMLElement} trouble what to show of a problem
 */
export function certificateCard(one, today, trouble) {
  const tone = toneOf(one.state);
  const head = make(
    "div.verdict-head",
    {},
    make("span.verdict-icon", { "aria-hidden": "true" }, one.icon),
    make("div", {}, make("h2", {}, [one.title.zh, one.title.en]), make("p.dim", {}, [one.course.zh, one.course.en])),
  );
  const reason = one.reason === null ? null : make("p", {}, make("strong", {}, ["原因：", "Reason: "]), [`${one.reason.zh}（国家状态码 ${one.reason.national}）`, `${one.reason.en} (national status ${one.reason.national})`]);
  return make(
    "section.verdict",
    { "data-tone": tone, "data-certificate": one.certificate },
    head,
    make("p", {}, [one.advice.zh, one.advice.en]),
    reason,
    particulars(one),
    subsidyPart(one.subsidy),
    papersPart(one),
    linksPart(one, trouble),
  );
}

function particulars(one) {
  const kind = KINDS[one.kind] ?? [one.kind, one.kind];
  const stage = STAGES[one.stage] ?? ["", ""];
  const { stage: logged, cosigned, witnesses } = one.witnessed;
  const [zh, en] = STAGE_WORDS[logged];
  const log = witnesses === 0 ? [zh, en] : [`${zh}；见证 ${cosigned}/${witnesses}`, `${en}; cosigned ${cosigned} of ${witnesses}`];
  return facts([
    [["姓名", "Name"], make("span", { lang: "zh-CN", "data-keep": true }, one.name)],
    [["证书编号", "Number"], make("span.digits", {}, one.number)],
    [["证书类别", "Kind"], say(`${kind[0]} · ${stage[0]}`, `${kind[1]} · ${stage[1]}`)],
    [["课时", "Lesson hours"], String(one.hours)],
    [["培训机构", "Institution"], say(one.institution.zh, one.institution.en || one.institution.zh)],
    [["评价机构", "Evaluation body"], say(one.body.zh, one.body.en || one.body.zh)],
    [["签发日期", "Issued on"], one.issued_on],
    [["有效期", "Valid until"], one.expires_on ?? say("长期有效", "no end")],
    one.version === 1 ? null : [["版本", "Version"], say(`第 ${one.version} 版`, String(one.version))],
    [["账本", "Log"], say(...log)],
  ]);
}

/** How long the subsidy waits: the days first, then why, then where to go. */
function subsidyPart(told) {
  const heading = make("h3", {}, ["创业培训补贴", "Subsidy for the training"]);
  const tone = { open: "good", claimed: "info", unclear: "warn", closed: "grey" }[told.waits];
  const inside = {
    open: () => [days(told), ...terms(told), where()],
    unclear: () => [make("p", {}, make("strong", {}, ["目前不能确定", "Not clear at present"])), ...reasons(told), days(told), ...terms(told), where()],
    closed: () => [make("p", {}, make("strong", {}, ["不能凭此证申领", "It opens no subsidy"])), ...reasons(told)],
    claimed: () => claimed(told.claim),
  }[told.waits]();
  const used = make("p.small.dim", {}, [`已使用补贴次数：${told.slots.used}/${told.slots.of}`, `Grants used: ${told.slots.used} of ${told.slots.of}`]);
  return make("div", {}, heading, make("div.notice.window", { "data-tone": tone }, ...inside.filter((one) => one !== null), used));
}

function days({ days_left: left, last_day: last, at_least: least }) {
  if (left === null) return null;
  const count = make("span.digits", { "data-days": String(left) }, String(left));
  const line = make("p.days", {}, say("申领还剩", "Days left to apply:"), count, make("span", { lang: "zh-CN" }, "天"));
  const [zh, en] = [`最后一天：${last}`, `Last day: ${last}`];
  const later = least ? ["（遇休息日顺延；当年放假安排公布后才能确定）", " (later if it falls on a day of rest; that year's days of rest are not announced yet)"] : ["", ""];
  return make("div", {}, line, make("p", {}, [`${zh}${later[0]}。`, `${en}${later[1]}.`]));
}

function terms({ amount_fen: amount, policy, unconfirmed }) {
  const found = [];
  if (amount !== null) found.push(make("p", {}, [`标准：${amount / 100} 元，依据政策 ${policy}。`, `Amount: ${amount / 100} yuan, by policy ${policy}.`]));
  if (unconfirmed) found.push(make("p", {}, make("span.badge", { "data-tone": "warn" }, "⚠ ", ["政策未经确认，仅供演示", "Policy unconfirmed, for demonstration only"])));
  return found;
}

function where() {
  return make("p.small", {}, [
    "请带本人证件和营业执照，到任一区的经办窗口申领。创业组织是否在本市、成立年限和您在其中的身份，由窗口核实。",
    "Apply at any district's counter with your document and business licence. Where your organisation is, its age and your role in it are checked there.",
  ]);
}

function reasons(told) {
  return told.reasons.map((one) => make("p", {}, [one.zh, one.en]));
}

function claimed(claim) {
  const [zh, en] = CLAIMS[claim.state] ?? [claim.state, claim.state];
  return [
    make("p", {}, make("strong", {}, [`已申领：${zh}`, `Applied for: ${en}`])),
    make("p.small", {}, [`受理时间 ${stamp(claim.submitted_ms)}，申领编号 `, `Taken in ${stamp(claim.submitted_ms)}, claim `], make("span.mono", {}, claim.claim)),
  ];
}

function papersPart(one) {
  const heading = make("h3", {}, ["证书文件", "Papers"]);
  if (!one.papers) {
    return make("div", {}, heading, make("p.dim", {}, ["证书不在有效状态，不提供下载。", "There is no download while the certificate does not stand."]));
  }
  const address = `/api/holder/certificates/${one.certificate}`;
  const link = (form, name, words) => make("a.button.quiet", { href: `${address}/${form}`, download: name }, words);
  const note = [
    "PDF 内附签名凭证和账本证明，可供核验，但没有机构的电子签章；需要加盖签章的文件，请向评价机构索取。文件含您的完整姓名和编号，请妥善保管。",
    "The PDF carries the signed credential and the log's proof, and verifies; it bears no seal of the body: ask the body for a sealed one. Both files hold your full name and number. Keep them well.",
  ];
  const actions = make("div.actions.no-print", {}, link("pdf", "certificate.pdf", ["下载 PDF", "Download PDF"]), link("card", "card.png", ["下载图片", "Download picture"]));
  return make("div", {}, heading, actions, make("p.small.dim", {}, note));
}

function facts(rows) {
  return make("dl.facts", {}, ...rows.filter((row) => row !== null).flatMap(([[zh, en], value]) => [make("dt", {}, [zh, en]), make("dd", {}, value)]));
}
