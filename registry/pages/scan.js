/**
 * Reading a QR code in the browser: by the camera or from a picture, where the browser can. A picture goes to the server
 * only when it cannot, and only after the person agreed; it is made smaller first, which also drops where it was taken.
 */

const SIDE_MAX = 2_800; // a code of 33 mm on a photographed A4 page keeps four pixels a module
const EVERY_MS = 150;

/** Whether this browser reads QR codes itself. */
export async function canRead() {
  if (!("BarcodeDetector" in globalThis)) return false;
  try {
    return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
  } catch {
    return false;
  }
}

/** Whether there may be a camera; only asking for it shows. */
export function mayHaveCamera() {
  return typeof navigator.mediaDevices?.getUserMedia === "function";
}

/**
 * The text of the code in a picture, null if none is found.
 * @param {Blob} picture
 * @returns {Promise<string | null>}
 */
export async function readPicture(picture) {
  const bitmap = await createImageBitmap(picture);
  try {
    return await readFrom(bitmap);
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
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  try {
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted) {
      const text = await readFrom(video);
      if (text !== null) return text;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

/**
 * The text as the server reads it. Throws an Error whose `code` is the service's.
 * @param {Blob} picture
 * @returns {Promise<string>}
 */
export async function askServer(picture) {
  const body = await smaller(picture);
  const response = await fetch("/api/scan", { method: "POST", headers: { "content-type": body.type }, body, credentials: "omit" });
  const told = await response.json().catch(() => ({}));
  if (response.ok && typeof told.qr === "string") return told.qr;
  throw Object.assign(new Error("not read"), { code: told.code ?? `HTTP_${response.status}` });
}

async function readFrom(source) {
  const found = await new BarcodeDetector({ formats: ["qr_code"] }).detect(source).catch(() => []);
  return found[0]?.rawValue ?? null;
}

async function smaller(picture) {
  const bitmap = await createImageBitmap(picture);
  const shrink = Math.min(1, SIDE_MAX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * shrink));
  canvas.height = Math.max(1, Math.round(bitmap.height * shrink));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob)), "image/jpeg", 0.92);
  });
}
