/**
 * Our two plots, drawn as SVG from numbers: bars over time, and bars by name. No library.
 *
 * A plot is drawn for the width it has, in CSS pixels, so that its letters stay letters on a phone. It is a picture
 * with one sentence for readers of screens; `table` gives the same numbers as a table.
 */

import { language, localise, make } from "/assets/language.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 220;
const LEFT = 40;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 30;
const ROW = 46;

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Whole steps of an axis: 1, 2 or 5 times a power of ten, at most five of them. @param {number} top */
export function steps(top) {
  const raw = Math.max(1, top) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw));
  const found = [];
  for (let value = 0; value < top + step; value += step) found.push(value);
  return found;
}

/**
 * Bars over time.
 * @param {{label: string, count: number}[]} rows
 * @param {number} width
 */
export function bars(rows, width) {
  const marks = steps(Math.max(...rows.map((row) => row.count)));
  const top = marks[marks.length - 1];
  const base = HEIGHT - BOTTOM;
  const y = (count) => base - (count / top) * (base - TOP);
  const step = (width - LEFT - RIGHT) / rows.length;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img" });
  for (const mark of marks) {
    picture.append(
      draw("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(mark), y2: y(mark) }),
      draw("text", { x: LEFT - 6, y: y(mark) + 4, "text-anchor": "end" }, String(mark)),
    );
  }
  rows.forEach((row, place) => {
    if (row.count === 0) return;
    const bar = { class: "bar", x: LEFT + place * step + step * 0.1, y: y(row.count), width: Math.max(1, step * 0.8), height: base - y(row.count) };
    picture.append(draw("rect", bar, draw("title", {}, `${row.label}: ${row.count}`)));
  });
  const every = Math.ceil(rows.length / Math.max(2, Math.floor((width - LEFT - RIGHT) / 96)));
  for (let place = rows.length - 1; place >= 0; place -= every) {
    const x = Math.min(LEFT + (place + 0.5) * step, width - RIGHT - 34);
    picture.append(draw("text", { x, y: HEIGHT - 8, "text-anchor": "middle" }, rows[place].label));
  }
  return picture;
}

/** A name cut to the width it has; the whole one stands in the table. @param {string} text @param {number} width */
export function cut(text, width) {
  const wide = (letter) => (letter > "\u2e7f" ? 12 : 7); // at 12 px, Chinese is square
  let used = 12;
  for (let place = 0; place < text.length; place += 1) {
    used += wide(text[place]);
    if (used > width && place < text.length - 1) return `${text.slice(0, place)}…`;
  }
  return text;
}

/**
 * Bars by name, each with its number.
 * @param {{zh: string, en: string, count: number}[]} rows
 * @param {number} width
 */
export function named(rows, width) {
  const top = Math.max(1, ...rows.map((row) => row.count));
  const height = rows.length * ROW + 4;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  const room = width - 70;
  rows.forEach((row, place) => {
    const name = language() === "en" ? row.en : row.zh;
    const long = (row.count / top) * room;
    picture.append(
      draw("text", { class: "name", x: 0, y: place * ROW + 15 }, cut(name, width)),
      draw("rect", { class: "bar", x: 0, y: place * ROW + 21, width: Math.max(row.count ? 2 : 0, long), height: 15, rx: 2 }),
      draw("text", { x: long + 8, y: place * ROW + 33 }, String(row.count)),
    );
  });
  return picture;
}

/**
 * A place that draws itself again when its width or the language changes.
 * @param {(width: number) => SVGElement} picture
 * @param {[string, string]} words what it shows, in one sentence
 */
export function plot(picture, words) {
  const place = make("div.plot");
  let drawn = "";
  const again = () => {
    const width = Math.floor(place.clientWidth);
    if (width === 0 || drawn === `${width} ${language()}`) return;
    drawn = `${width} ${language()}`;
    const made = picture(width);
    made.setAttribute("data-label-zh", words[0]);
    made.setAttribute("data-label-en", words[1]);
    place.replaceChildren(made);
    localise(place);
  };
  new ResizeObserver(again).observe(place);
  document.addEventListener("malan-language", again);
  return place;
}

/**
 * The numbers of a plot as a table, folded away.
 * @param {[string, string][]} heads
 * @param {(string | [string, string])[][]} rows the first cell names the row
 */
export function table(heads, rows) {
  const cells = (row) => row.map((cell, place) => make(place ? "td.number" : "th", place ? {} : { scope: "row" }, cell));
  return make(
    "details.more",
    {},
    make("summary", {}, ["以表格查看", "As a table"]),
    make(
      "div.scroll",
      { tabindex: "0", role: "group", "data-label-zh": "数据表", "data-label-en": "Table of numbers", "aria-label": "数据表" },
      make(
        "table.rows",
        {},
        make("thead", {}, make("tr", {}, ...heads.map((words, place) => make(place ? "th.number" : "th", { scope: "col" }, words)))),
        make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row)))),
      ),
    ),
  );
}
