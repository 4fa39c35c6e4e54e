/** Who looked at a holder's data: the newest lines first, older ones page by page. Keeps nothing but what is on the screen. */

import { localise, make } from "/assets/language.js";
import { stamp } from "/assets/holder_words.js";
import { ask } from "/assets/session.js";

const READS = "/api/holder/reads";

/**
 * @param {{lines: any[], older: string | null}} reads each line a day, an office and a purpose
 * @param {any[]} certificates
 * @param {(error: unknown) => HTMLElement} trouble what to show of a problem
 */
export function readsCard(reads, certificates, trouble) {
  const lead = [
    "下面是查阅登记信息的记录，按天合并。“以您的名义”的记录如果不是您本人，说明有人知道您的验证码和证件号码，请拨打 12333。",
    "Reads of the registered data, those of a day together. If one “in your name” was not you, somebody knows your code and document: call 12333.",
  ];
  const limits = [
    "不显示具体经办人。扫描二维码在对方设备上完成，不经过服务器的不在此列；依法应当保密的查阅也不在此列。",
    "Nobody's name is shown. A QR code is checked on the reader's own device: what does not reach the server is not here, nor what the law keeps secret.",
  ];
  const list = make("ul.reads", {}, ...reads.lines.map((one) => line(one, certificates)));
  const shown = reads.lines.length === 0 ? make("p", {}, ["还没有记录。", "Nothing yet."]) : list;
  return make(
    "section.card",
    { id: "reads" },
    make("h2", {}, ["谁查看过", "Who looked"]),
    make("p", {}, lead),
    shown,
    olderPart(list, reads.older, certificates, trouble),
    make("p.small.dim", {}, limits),
  );
}

/** The button that adds a page of older lines, for as long as there are any. */
function olderPart(list, first, certificates, trouble) {
  if (first === null) return null;
  let older = first;
  const button = make("button.button.quiet", { type: "button" }, ["显示更早的记录", "Show older ones"]);
  const told = make("div", { role: "status" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    told.replaceChildren(make("p.busy", {}, ["正在查询……", "Asking…"]));
    localise(told);
    try {
      const more = await ask("GET", `${READS}?${new URLSearchParams({ older })}`);
      const added = more.lines.map((one) => line(one, certificates));
      list.append(...added);
      localise(list);
      const many = added.length;
      const said = [`又列出 ${many} 条`, many === 1 ? "One more line is listed" : `${many} more lines are listed`];
      const end = more.older === null ? ["，已到最早一条。", ", down to the oldest."] : ["。", "."];
      told.replaceChildren(make("p.small", {}, [said[0] + end[0], said[1] + end[1]]));
      older = more.older;
      if (older === null) button.remove();
      added[0]?.setAttribute("tabindex", "-1");
      added[0]?.focus();
    } catch (error) {
      told.replaceChildren(trouble(error));
    }
    localise(told);
    button.disabled = false;
  });
  return make("div.no-print", {}, make("div.actions", {}, button), told);
}

function line(one, certificates) {
  const held = certificates.length > 1 && certificates.find(({ certificate }) => certificate === one.certificate);
  const about = { class: ["（全班材料）", " (whole class)"], claim: ["", ""] }[one.about] ?? (held ? [`（证书 ${held.number}）`, ` (certificate ${held.number})`] : ["", ""]);
  const often = one.times === 1 ? ["", ""] : [`，当天 ${one.times} 次`, `, ${one.times} times that day`];
  const who = make(one.own ? "strong.own" : "strong", {}, [one.party.zh, one.party.en || one.party.zh]);
  const role = one.role.zh === one.party.zh ? null : make("span.small.dim", {}, [`（${one.role.zh}）`, ` (${one.role.en})`]);
  return make(
    "li",
    {},
    make("p.who", {}, make("span", {}, who, role), make("span.small.dim.whole", {}, stamp(one.last_ms))),
    make("p", {}, [`${one.purpose.zh}${about[0]}${often[0]}`, `${one.purpose.en}${about[1]}${often[1]}`]),
  );
}
