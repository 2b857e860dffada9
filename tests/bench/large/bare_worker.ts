// A thread of the bare loop.
import { createHash } from "node:crypto";
import fs from "node:fs";
import { SocketReplies } from "../../../disk/spread/socket_reply.ts";
import { MIB } from "../values.ts";
import type { BareRange } from "./bare_threads.ts";

const replies = new SocketReplies(Deno);
const self = globalThis as unknown as Pick<Worker, "postMessage" | "onmessage">;
self.onmessage = async ({ data }) => {
  await download(data);
  self.postMessage("done");
};

async function download({ url, path, from, length, does }: BareRange): Promise<void> {
  const asking = { signal: new AbortController().signal, onBytes() {} };
  const reply = await replies.ask(url, { from, length }, asking);
  const file = fs.openSync(path, "r+");
  const hash = createHash("sha256");
  const buffer = new Uint8Array(MIB);
  for (let at = 0; at < length; at += MIB) {
    const block = buffer.subarray(0, Math.min(MIB, length - at));
    await reply!.fill(block);
    if (does?.hash !== false) hash.update(block);
    if (does?.write !== false) fs.writeSync(file, block, 0, block.byteLength, from + at);
  }
  await reply!.isAtEnd();
  hash.digest();
  fs.closeSync(file);
}
