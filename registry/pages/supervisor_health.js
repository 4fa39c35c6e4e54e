/** The log in one look: size, checkpoint, witnesses, alarms, last audit, last fsck, who was stopped at the counters. */

import { make } from "/assets/language.js";
import { get } from "/assets/supervisor_api.js";
import { RUNS, badge, hash, short, span, when } from "/assets/supervisor_words.js";

const SLOW_MS = 60_000;
const ALARMS = {
  LOG_AHEAD: ["已发布的账本比数据库更长，服务只读。", "The published log is ahead of the database; the service only reads."],
  PUBLISHED_BYTES_DIFFER: ["已发布的文件与数据库中的条目不符。", "A published file is not what the database says."],
  PUBLISHED_ROOT_DIFFERS: ["已发布的树根与数据库不符。", "The published root is not that of the database."],
  ROWS_DEPART: ["数据库中的条目与已发布的账本不符。", "The rows of the database depart from the published log."],
  PUBLISH_BACKWARDS: ["已发布的检查点比数据库更大。", "The published checkpoint is larger than the database."],
  ROWS_MISSING: ["数据库缺少应有的条目。", "The database does not give the rows it says it has."],
  TILE_MISSING: ["已发布的文件缺失。", "A published file is gone."],
  LOG_DIRECTORY: ["账本目录无法写入。", "The folder of the log cannot be written."],
  FILE_WRITE: ["状态列表或信任包无法写入。", "A list or the bundle cannot be written."],
  DATABASE_BUSY: ["数据库繁忙，超过了等待时限。", "The database was busy for longer than a writer waits."],
  DATABASE_FAILED: ["数据库未能工作。", "The database could not do its work."],
  DATABASE_LOST: ["数据库失去联系。", "The database is gone."],
  PUBLISHING_FAILED: ["未能发布账本。", "The log could not be published."],
  PUBLISHER_LAG: ["有条目等待发布已超过时限。", "An entry has waited too long to be published."],
  QUORUM_MISSING: ["已发布的条目等待见证会签已超过一刻钟。", "Published entries have waited a quarter of an hour for a quorum of witnesses."],
  CLOCK_WITNESSES: ["服务器时钟与各区见证相差超过十分钟，暂停记录。", "The server's clock is ten minutes from the witnesses'; nothing is appended."],
  BUNDLES_LARGE: ["信任包已超过上限的一半。", "A bundle has more than half of what anybody opens."],
  LISTS_OLD: ["状态列表与信任包已过期。", "Status lists and bundle are older than their term."],
  SIGNED_TWICE: ["同一条数签出了两份不同的检查点。", "Two checkpoints of one size were signed, with different roots."],
  SIGNED_ELSEWHERE: ["另一个发布程序同时签署了检查点。", "Another publisher signed a checkpoint meanwhile."],
  LOCK_STORE: ["锁存储无法使用，暂停签署。", "The lock store cannot be used; nothing is signed."],
  LOCK_STORE_MISSING: ["锁存储不在原处，暂停签署。", "There is no lock store at its place; nothing is signed."],
  LOCK_STORE_BEHIND: ["锁存储比已发布的检查点旧。", "The lock store is older than the published checkpoint."],
  DISK_LOW: ["磁盘将满，暂停登记。", "The disk is nearly full; nothing is appended."],
  CLOCK_JUMPED: ["服务器时钟跳变，暂停记录。", "The server's clock jumped; nothing is appended."],
  CLOCK_BEHIND: ["服务器时钟落后于最新条目。", "The server's clock is behind the newest entry."],
  INTERNAL: ["发布程序出错。", "The publisher met a fault."],
};

/** @param {HTMLElement} place */
export async function showHealth(place) {
  const told = await get("health");
  place.append(
    make("div.headline", {}, make("h1", {}, ["账本状况", "State of the log"]), overall(told)),
    make("ul.look", {}, ...looks(told)),
    ...alarms(told),
    ...stopped(told),
    make("div.columns", {}, checkpointCard(told), witnessCard(told)),
    make("div.columns", {}, auditCard(told), fsckCard(told)),
  );
}

function trouble(told) {
  const broken = told.checkpoint === null || "error" in told.checkpoint;
  return broken || told.alarms.length > 0 || (told.waiting_ms ?? 0) > SLOW_MS;
}

function overall(told) {
  if (told.audit?.state === "departures") return badge(["上次核查发现偏离", "departures in the last audit", "bad", "✘"]);
  return trouble(told) ? badge(["需要留意", "needs a look", "warn", "!"]) : badge(["运行正常", "running normally", "good", "✔"]);
}

function looks(told) {
  const good = told.checkpoint !== null && !("error" in told.checkpoint);
  const witnesses = good ? told.checkpoint.witnesses : 0;
  const audit = told.audit;
  return [
    look("info", ["账本条目", "Entries"], String(told.size)),
    look(told.unpublished ? "warn" : "good", ["尚未发布", "Not yet published"], String(told.unpublished)),
    look(
      witnesses ? (told.checkpoint.final ? "good" : "warn") : "warn",
      ["见证签名", "Cosigned"],
      good ? `${told.checkpoint.cosigned} / ${told.checkpoint.districts}` : "–",
    ),
    look(
      audit ? RUNS[audit.state][2] : "grey",
      ["上次核查的偏离", "Departures, last audit"],
      audit ? String(audit.departures) : "–",
    ),
  ];
}

function look(tone, words, value) {
  return make("li", { "data-tone": tone }, make("span.small.dim", {}, words), make("span.value", {}, value));
}

function alarms(told) {
  if (told.alarms.length === 0) return [];
  const codes = make("ul", {}, ...told.alarms.map((code) => make("li", {}, ALARMS[code] ?? ALARMS.PUBLISHING_FAILED, " ", make("span.mono.small", {}, code))));
  const words = [
    "服务报告了以下告警，请告知运维：",
    "The service reports these alarms. Tell the operator:",
  ];
  return [make("div.notice", { "data-tone": "bad", role: "alert" }, make("p", {}, "! ", words), codes)];
}

function stopped(told) {
  const rows = [...told.stopped.certificates.map(shutCertificate), ...told.stopped.officers.map(stoppedOfficer)];
  if (rows.length === 0) return [];
  const words = [
    "可能有人在逐个试证件号码，请向有关受理人员了解情况。连续 30 天没有新的不符，计数才清零；提前恢复不清零。",
    "Somebody may be guessing numbers: ask these officers how it came. Counts end when thirty days pass without another miss, not when a certificate is opened again.",
  ];
  const title = ["近 30 天因证件不符暂停受理", "Stopped for documents that did not fit, last 30 days"];
  return [make("section.card", {}, make("h2", {}, title), make("p.small.dim", {}, words), make("ul.list", {}, ...rows))];
}

function shutCertificate(one) {
  const reopened = [`由运维提前恢复 ${one.reopened} 次`, `opened again early: ${one.reopened}`, "warn", "!"];
  const link = make("a", { href: `#certificate/${one.certificate}` }, ["证书 ", "Certificate "], `#${one.seq}`);
  return make(
    "li",
    {},
    make("div.headline", {}, link, one.reopened ? badge(reopened) : ""),
    make("div.small", {}, [`全部窗口暂停 ${one.shut} 次；最近 `, `Shut at all counters: ${one.shut}; last `], when(one.last_ms)),
    ...one.officers.map((each) => make("div.small", {}, ["受理人员 ", "Officer "], short(each.staff), [`：不符 ${each.misses} 次`, `: misses ${each.misses}`])),
  );
}

function stoppedOfficer(one) {
  return make(
    "li",
    {},
    make("div", {}, ["受理人员 ", "Officer "], short(one.staff)),
    make("div.small", {}, [`暂停 ${one.stopped} 次；最近 `, `Stopped: ${one.stopped}; last `], when(one.last_ms)),
    make("div.small", {}, [`在 ${one.certificates} 张证书上不符 ${one.misses} 次`, `Misses: ${one.misses}; certificates: ${one.certificates}`]),
  );
}

function checkpointCard(told) {
  const checkpoint = told.checkpoint;
  const card = make("section.card", {}, make("h2", {}, ["最新检查点", "Newest checkpoint"]));
  if (checkpoint === null) {
    card.append(make("p", {}, ["账本尚未发布检查点。", "The log has no checkpoint yet."]));
    return card;
  }
  if ("error" in checkpoint) {
    const words = [`检查点不能验证（${checkpoint.error}）。`, `The checkpoint does not verify (${checkpoint.error}).`];
    card.append(make("p.notice", { "data-tone": "bad" }, "✘ ", words));
    return card;
  }
  card.append(
    facts([
      [["账本", "Log"], make("span.mono", {}, told.origin)],
      [["条目数", "Size"], String(checkpoint.size)],
      [["树根", "Root"], hash(checkpoint.root)],
      [["写入时间", "Written"], `${when(checkpoint.written_ms)} `],
      [["距今", "Age"], span(told.now_ms - checkpoint.written_ms)],
      [["最新条目", "Newest entry"], when(told.newest_ms)],
      [["等待发布", "Waiting"], told.waiting_ms === null ? ["无", "nothing"] : span(told.waiting_ms)],
    ]),
    make("p.small.dim", {}, [
      "检查点本身不含时间：写入时间取自文件，由服务器的时钟给出。",
      "A checkpoint carries no time: that of the file is shown, by the server's clock.",
    ]),
    make("p", {}, make("a", { href: "/log/checkpoint" }, ["查看检查点原文", "The checkpoint itself"])),
  );
  return card;
}

function witnessCard(told) {
  const checkpoint = told.checkpoint;
  const card = make("section.card", {}, make("h2", {}, ["各区见证", "Witnesses"]));
  if (checkpoint === null || "error" in checkpoint) return card;
  if (checkpoint.witnesses === 0) {
    card.append(
      make("p.notice", { "data-tone": "warn" }, "! ", [
        "尚未配置见证人：没有任何区为检查点会签。在此之前，账本若分叉给不同的人看，只有相互比对检查点才能发现。",
        "No witness is configured: no district cosigns the checkpoint. Until then, two histories shown to two people are found only when somebody compares checkpoints.",
      ]),
      make("p", {}, [
        `会签 0 / ${checkpoint.districts}。请自行保存检查点，下次核查时对照。`,
        `Cosigned by 0 of ${checkpoint.districts}. Keep the checkpoint yourself, to hold the next audit against it.`,
      ]),
    );
    return card;
  }
  const enough = checkpoint.final ? badge(["达到规定数量", "quorum reached", "good", "✔"]) : badge(["未达规定数量", "no quorum", "warn", "!"]);
  card.append(
    make("p", {}, [
      `会签 ${checkpoint.cosigned} / ${checkpoint.witnesses}，规定至少 ${checkpoint.needed}。`,
      `Cosigned by ${checkpoint.cosigned} of ${checkpoint.witnesses}; ${checkpoint.needed} are needed.`,
    ], " ", enough),
    make("p", {}, [
      `最终确认至第 ${checkpoint.final_size} 条（不含）；共已发布 ${checkpoint.size} 条。`,
      `Final are the ${checkpoint.final_size} first of ${checkpoint.size} published entries.`,
    ]),
    make("ul.small", {}, ...checkpoint.cosigned_by.map((one) => make("li", {}, make("span.mono", {}, one.name), ` ${when(one.time_ms)}`))),
  );
  return card;
}

function auditCard(told) {
  const audit = told.audit;
  const card = make("section.card", {}, make("h2", {}, ["上次核查（在本服务器上）", "Last audit (on this server)"]));
  if (audit === null) card.append(make("p", {}, ["本区尚未在此运行过核查。", "This district has run no audit here."]));
  else {
    card.append(
      make("p", {}, badge(RUNS[audit.state])),
      facts([
        [["时间", "Time"], when(audit.begun_ms)],
        [["核查条目", "Entries audited"], String(audit.total)],
        [["偏离", "Departures"], String(audit.departures)],
        [["未能核查", "Not checked"], String(audit.could_not_check)],
      ]),
    );
  }
  card.append(make("p", {}, make("a", { href: "#audits" }, ["运行核查、查看报告", "Run an audit, read reports"])));
  return card;
}

function fsckCard(told) {
  const card = make("section.card", {}, make("h2", {}, ["数据库自检（malan fsck）", "Check of the database (malan fsck)"]));
  if (told.fsck === null) {
    card.append(make("p", {}, ["没有记录。请运维运行 malan fsck。", "None is known. Ask the operator to run malan fsck."]));
    return card;
  }
  const good = told.fsck.departures === 0;
  card.append(
    make("p", {}, good ? badge(["一致", "consistent", "good", "✔"]) : badge(["有偏离", "departures", "bad", "✘"])),
    facts([
      [["时间", "Time"], when(told.fsck.time_ms)],
      [["条目数", "Size"], String(told.fsck.size)],
      [["偏离", "Departures"], `${told.fsck.departures}${good ? "" : ` (${told.fsck.codes.join(", ")})`}`],
    ]),
    make("p.small.dim", {}, ["由运维在服务器上运行，数据库是否与账本一致。", "Run by the operator on the server: whether the database agrees with the log."]),
  );
  return card;
}

/** @param {[[string, string], Node | string | [string, string]][]} rows */
export function facts(rows) {
  const list = make("dl.facts");
  for (const [term, value] of rows) list.append(make("dt", {}, term), make("dd", {}, value));
  return list;
}
