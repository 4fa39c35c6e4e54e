// node check_cose.mjs <message.cose> <spki.der>: @auth0/cose verifies; prints the payload in hex.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import { Sign1 } from "@auth0/cose";

const message = readFileSync(process.argv[2]);
const spki = readFileSync(process.argv[3]);
const curve = { name: "ECDSA", namedCurve: "P-256" };
const key = await webcrypto.subtle.importKey("spki", spki, curve, true, ["verify"]);
const parsed = Sign1.decode(new Uint8Array(message));
await parsed.verify(key);
console.log(Buffer.from(parsed.payload).toString("hex"));
