/**
 * Reading a QR code in the browser, by the camera or from a picture: by the browser's own reader where there is one, by
 * the pinned library in a worker where the service has it. A picture goes to the server only when neither reads it, and
 * only after the person agreed; it is made smaller first, which also drops where it was taken.
 */

import { startReader } from "/assets/trusted_scripts.js";
import { MalanError } from "/js/ledger/errors.js";
import { hasOurForm } from "/js/issuers/qr.js";

const ABOUT = "/assets/scanner.json";
const SIDE_MAX = 2_800; // a code of 33 mm on a photographed A4 page keeps four pixels a module
const FRAME_SIDE_MAX = 1_280;
const EVERY_MS = 150;
const READ_MS = 30_000; // the first time the library is loaded as well
const FAILURES_MAX = 3;

let worker = null;
let asked = 0;
let library = null;
let failures = 0;

/** Whether this page reads QR codes itself. */
export async function canRead() {
  return (await hasNative()) || (await hasLibrary());
}

/** Whether there may be a camera; only asking for it shows. */
export function mayHaveCamera() {
  return typeof navigator.mediaDevices?.getUserMedia === "function";
}

/**
 * The text of the code in a picture, null if none is found. Throws MalanError SCAN_SEVERAL as `verify/scan.py`.
 * @param {Blob} picture
 * @returns {Promise<string | null>}
 */
export async function readPicture(picture) {
  const bitmap = await createImageBitmap(picture);
  try {
    const native = (await hasNative()) ? await byBrowser(bitmap) : [];
    if (native.length > 0) return chosen(native);
    return (await hasLibrary()) ? chosen(await byLibrary(bitmap, SIDE_MAX)) : null;
  } finally {
    bitmap.close();
  }
}

/**
 * Watches through the camera until a code is read or `signal` is aborted. Throws what the browser throws when there is no
 * camera or it may not be used.
 * @param {HTMLVideoElement} video
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>}
 */
export async function watch(video, signal) {
  const wanted = { facingMode: "environment", width: { ideal: 1_920 }, height: { ideal: 1_080 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  try {
    video.srcObject = stream;
    await video.play();
    const native = await hasNative();
    while (!signal.aborted) {
      if (!native && !(await hasLibrary())) throw new Error("nothing reads codes here");
      const texts = native ? await byBrowser(video) : await byLibrary(video, FRAME_SIDE_MAX, true);
      const ours = texts.filter(hasOurForm);
      if (texts.length === 1 || ours.length === 1) return ours[0] ?? texts[0];
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

/**
 * What the server reads in a picture or PDF: the text, and of a PDF whether its seal holds. Throws an Error whose `code`
 * is the service's.
 * @param {Blob} file
 * @returns {Promise<{qr: string, sealed?: boolean}>}
 */
export async function askServer(file) {
  const body = file.type === "application/pdf" ? file : await smaller(file);
  const response = await fetch("/api/scan", { method: "POST", headers: { "content-type": body.type }, body, credentials: "omit" });
  const told = await response.json().catch(() => ({}));
  if (response.ok && typeof told.qr === "string") return told;
  throw Object.assign(new Error("not read"), { code: told.code ?? `HTTP_${response.status}` });
}

async function hasNative() {
  if (!("BarcodeDetector" in globalThis)) return false;
  try {
    return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
  } catch {
    return false;
  }
}

function hasLibrary() {
  library ??= askForLibrary();
  return library;
}

async function askForLibrary() {
  if (typeof WebAssembly !== "object" || typeof Worker !== "function") return false;
  try {
    return (await (await fetch(ABOUT, { credentials: "omit" })).json()).library !== null;
  } catch {
    library = null; // no network just now: another time perhaps
    return false;
  }
}

async function byBrowser(source) {
  const found = await new BarcodeDetector({ formats: ["qr_code"] }).detect(source).catch(() => []);
  return unique(found.map(({ rawValue }) => rawValue));
}

/** `quick`: one of many frames of a camera, where the next try comes soon. */
async function byLibrary(source, sideMax, quick = false) {
  const { data, width, height } = drawn(source, sideMax).data;
  worker ??= startReader();
  asked += 1;
  const number = asked;
  const answer = await new Promise((resolve) => {
    const stop = new AbortController();
    const done = (told) => {
      stop.abort();
      clearTimeout(late);
      resolve(told);
    };
    const late = setTimeout(() => done({ error: true }), READ_MS);
    worker.addEventListener("message", ({ data: told }) => told.number === number && done(told), { signal: stop.signal });
    worker.addEventListener("error", () => done({ error: true }), { signal: stop.signal });
    worker.postMessage({ number, data: data.buffer, width, height, quick }, [data.buffer]);
  });
  if (answer.error === true) {
    worker.terminate();
    worker = null;
    failures += 1;
    if (failures === FAILURES_MAX) library = Promise.resolve(false); // it does not load or run here
    return [];
  }
  return unique(answer.texts);
}

/** Of several texts the one that has our form; a code seen twice counts once. */
function chosen(texts) {
  if (texts.length < 2) return texts[0] ?? null;
  const ours = texts.filter(hasOurForm);
  if (ours.length === 1) return ours[0];
  throw new MalanError("SCAN_SEVERAL", "there are several QR codes in the picture");
}

function unique(texts) {
  return [...new Set(texts)];
}

/** The source on a canvas no larger than it needs to be, and its dots. */
function drawn(source, sideMax) {
  const [wide, high] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
  const shrink = Math.min(1, sideMax / Math.max(wide, high));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(wide * shrink));
  canvas.height = Math.max(1, Math.round(high * shrink));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // what is transparent is paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return { canvas, data: context.getImageData(0, 0, canvas.width, canvas.height) };
}

async function smaller(picture) {
  const bitmap = await createImageBitmap(picture);
  const { canvas } = drawn(bitmap, SIDE_MAX);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob)), "image/jpeg", 0.92);
  });
}
