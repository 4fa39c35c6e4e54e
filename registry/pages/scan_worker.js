/**
 * A worker that reads QR codes out of pictures with the pinned library: dots go in, texts come out. Its own policy allows
 * WebAssembly, which no page of ours does. It knows nothing of what a text means and keeps nothing.
 */

importScripts("/assets/zxing_reader.js");

const LIBRARY = "/assets/zxing_reader.wasm";
const HOW = { formats: ["QRCode"], textMode: "Plain", maxNumberOfSymbols: 8 };

let ready = null;

async function load() {
  const answer = await fetch(LIBRARY, { credentials: "omit" });
  if (!answer.ok) throw new Error("no library");
  await ZXingWASM.prepareZXingModule({ overrides: { wasmBinary: await answer.arrayBuffer() }, fireImmediately: true });
}

/** Asked {number, data, width, height, quick}; answers {number, texts}, or {number, error: true}. */
self.onmessage = async ({ data: { number, data, width, height, quick } }) => {
  try {
    ready ??= load();
    await ready;
    const picture = new ImageData(new Uint8ClampedArray(data), width, height);
    const found = await ZXingWASM.readBarcodes(picture, { ...HOW, tryHarder: !quick, tryInvert: !quick });
    self.postMessage({ number, texts: found.filter(({ isValid }) => isValid).map(({ text }) => text) });
  } catch {
    self.postMessage({ number, error: true });
  }
};
