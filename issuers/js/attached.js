/**
 * What a certificate's PDF carries, taken out again, and the photographs in one that was scanned: a small strict reader of
 * the files we write. As `issuers/printing/attached.py`, but it does not look at the seal, and it gives up on any file
 * that is packed otherwise than ours (tables of places in the clear, attachments unpacked or deflated). Pure.
 */

import { Malformed } from "/js/ledger/errors.js";

const BYTES_MAX = 20_000_000;
const TABLES_MAX = 16;
const OBJECTS_MAX = 100_000;
const DICTIONARY_MAX = 20_000;
const LIMITS = { "credential.cose": 348, "certificate.tlog-proof": 2_000_000 };
const PICTURES_MAX = 6;

/**
 * Credential and proof. Throws Malformed PDF_SIZE, PDF_UNREADABLE, PDF_NO_CREDENTIAL, PDF_ATTACHMENTS.
 * @param {Uint8Array} pdf
 * @returns {Promise<{credential: Uint8Array, proof: Uint8Array | null}>}
 */
export async function readAttached(pdf) {
  if (pdf.length > BYTES_MAX) throw new Malformed("PDF_SIZE", "the PDF is too large");
  const { places, root } = tables(pdf);
  const read = (reference) => object(pdf, places, reference);
  const names = /\/AF\s*\[([0-9R\s]{0,2000})\]/.exec(read(root).text)?.[1] ?? "";
  const found = new Map();
  for (const [reference] of names.matchAll(/\d+ 0 R/g)) {
    const { text } = read(number(reference));
    const name = /\/UF\s*\(([^()\\]{1,100})\)/.exec(text)?.[1];
    const file = /\/EF\s*<<\s*\/F\s+(\d+) 0 R/.exec(text)?.[1];
    if (name === undefined || file === undefined || !Object.hasOwn(LIMITS, name)) continue;
    const data = await stream(pdf, read(Number(file)));
    if (found.has(name) || data.length > LIMITS[name]) {
      throw new Malformed("PDF_ATTACHMENTS", "two attachments have one name, or one is larger than any we write");
    }
    found.set(name, data);
  }
  const credential = found.get("credential.cose");
  if (credential === undefined) throw new Malformed("PDF_NO_CREDENTIAL", "no credential is attached to this PDF");
  return { credential, proof: found.get("certificate.tlog-proof") ?? null };
}

/** The first JPEG pictures of a PDF, as an office scanner makes them. @param {Uint8Array} pdf @returns {Uint8Array[]} */
export function photographs(pdf) {
  if (pdf.length > BYTES_MAX) return [];
  const text = new TextDecoder("latin1").decode(pdf);
  const found = [];
  for (const match of text.matchAll(/\/DCTDecode\b/g)) {
    const begun = text.indexOf("stream", match.index);
    const from = text.startsWith("\r\n", begun + 6) ? begun + 8 : begun + 7;
    const until = text.indexOf("endstream", from);
    if (begun < 0 || until < 0 || begun - match.index > DICTIONARY_MAX || found.length === PICTURES_MAX) break;
    if (pdf[from] === 0xff && pdf[from + 1] === 0xd8) found.push(pdf.slice(from, until));
  }
  return found;
}

/** Where each object lies, the newest table first, and which is the catalog (ISO 32000-2, 7.5.4 and 7.5.6). */
function tables(pdf) {
  const places = new Map();
  const end = latin(pdf, Math.max(0, pdf.length - 200), pdf.length);
  let at = Number(/startxref\s+(\d{1,10})\s+%%EOF\s*$/.exec(end)?.[1] ?? -1);
  let root = null;
  for (let count = 0; at !== null; count += 1) {
    if (count === TABLES_MAX || at < 0 || at >= pdf.length) throw unreadable();
    const text = latin(pdf, at, Math.min(pdf.length, at + 20 * OBJECTS_MAX));
    const { trailer } = table(text, places);
    root ??= Number(/\/Root\s+(\d+) 0 R/.exec(trailer)?.[1] ?? -1);
    const before = /\/Prev\s+(\d{1,10})/.exec(trailer)?.[1];
    at = before === undefined ? null : Number(before);
  }
  return { places, root };
}

function table(text, places) {
  const head = /^xref\s+/.exec(text);
  if (head === null) throw unreadable();
  let at = head[0].length;
  for (;;) {
    const section = /^(\d{1,7}) (\d{1,7})\s+/.exec(text.slice(at, at + 40));
    if (section === null) break;
    const [first, count] = [Number(section[1]), Number(section[2])];
    at += section[0].length;
    if (count > OBJECTS_MAX) throw unreadable();
    for (let index = 0; index < count; index += 1, at += 20) {
      const entry = /^(\d{10}) \d{5} ([nf])/.exec(text.slice(at, at + 20));
      if (entry === null) throw unreadable();
      if (entry[2] === "n" && !places.has(first + index)) places.set(first + index, Number(entry[1]));
    }
  }
  const trailer = /^trailer\s*<<([\s\S]{0,5000}?)startxref/.exec(text.slice(at, at + 5_100));
  if (trailer === null) throw unreadable();
  return { trailer: trailer[1] };
}

/** The text of an object up to its stream or end, and where the stream begins. */
function object(pdf, places, wanted) {
  const at = places.get(wanted);
  if (at === undefined || at >= pdf.length) throw unreadable();
  const text = latin(pdf, at, Math.min(pdf.length, at + DICTIONARY_MAX));
  const match = new RegExp(`^${wanted} 0 obj([\\s\\S]*?)(?:endobj|stream\\r?\\n)`).exec(text);
  if (match === null) throw unreadable();
  return { text: match[1], from: at + match[0].length };
}

async function stream(pdf, { text, from }) {
  const length = Number(/\/Length\s+(\d{1,9})(?!\s+\d+\s+R)/.exec(text)?.[1] ?? -1);
  if (length < 0 || from + length > pdf.length) throw unreadable();
  const data = pdf.slice(from, from + length);
  const packed = /\/Filter\s*\[?\s*\/(\w+)/.exec(text)?.[1];
  if (packed === undefined) return data;
  if (packed !== "FlateDecode") throw unreadable();
  return inflated(data);
}

/** Never more than the largest attachment we write, and one byte that shows it was more. */
async function inflated(data) {
  const most = LIMITS["certificate.tlog-proof"] + 1;
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const out = new Uint8Array(most);
  let size = 0;
  try {
    while (size < most) {
      const { value, done } = await reader.read();
      if (done) break;
      const part = value.subarray(0, most - size);
      out.set(part, size);
      size += part.length;
    }
  } catch {
    throw unreadable();
  }
  await reader.cancel().catch(() => {});
  return out.slice(0, size);
}

function number(reference) {
  return Number(reference.split(" ")[0]);
}

function latin(pdf, from, until) {
  return new TextDecoder("latin1").decode(pdf.subarray(from, until));
}

function unreadable() {
  return new Malformed("PDF_UNREADABLE", "the PDF is damaged, or not one this page reads");
}
