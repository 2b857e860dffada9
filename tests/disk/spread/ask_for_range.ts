// Reads the first four bytes of an object, in one of the ways that ranges are read. Arguments: the
// way, the origin of its store, and a URL to read by `fetch` afterwards.
import process from "node:process";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { createS3Backend } from "../../../backends/s3.ts";
import type { Backend } from "../../../core/backend.ts";
import { askForRange } from "../../../disk/spread/ask_for_range.ts";

const [way, endpoint, other] = process.argv.slice(2);
const common = { bucket: "bucket", endpoint, credentials: "anonymous", retryForMs: 0 } as const;
const bytes = way === "threads"
  ? await byThreads()
  : way === "gcs"
  ? await byDriver(createGcsBackend(common))
  : await byDriver(createS3Backend({ ...common, region: "r" }));
if (bytes !== undefined) console.log(new TextDecoder().decode(bytes));
if (other !== undefined) await (await fetch(other)).text();
process.exit();

async function byThreads(): Promise<Uint8Array | undefined> {
  const asking = { signal: new AbortController().signal, onBytes() {} };
  const url = `${endpoint}/bucket/object?secret`;
  const reply = await askForRange(url, { from: 0, length: 4 }, asking);
  const bytes = new Uint8Array(4);
  return await reply?.fill(bytes) ? bytes : undefined;
}

async function byDriver(backend: Backend): Promise<Uint8Array | undefined> {
  const object = await backend.get("object", { range: { offset: 0, length: 4 } });
  return await object?.bytes();
}
