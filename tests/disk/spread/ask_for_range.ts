// Reads four bytes of the first URL as threads do, and the second one by `fetch`.
import process from "node:process";
import { askForRange } from "../../../disk/spread/ask_for_range.ts";

const [url, other] = process.argv.slice(2);
const asking = { signal: new AbortController().signal, onBytes() {} };
const reply = await askForRange(url!, { from: 0, length: 4 }, asking);
const bytes = new Uint8Array(4);
if (await reply?.fill(bytes)) console.log(new TextDecoder().decode(bytes));
if (other !== undefined) await (await fetch(other)).text();
process.exit();
