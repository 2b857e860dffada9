// Puts and gets one object of so many bytes as a stream, and says how much memory that took at
// most.
//
// Arguments: endpoint, bucket, bytes.
import process from "node:process";
import { createGcsBackend } from "../../../../backends/gcs.ts";
import { forEachChunk } from "../../../../core/bytes/bytes.ts";
import { realSystem } from "../../../../core/system.ts";

const [endpoint, bucket, size] = process.argv.slice(2);
const bytes = Number(size);
const backend = createGcsBackend({ endpoint, bucket });
const chunk = new Uint8Array(65_536).map((_, i) => i * 31 >> 3);
let peak = 0;
const look = () => void (peak = Math.max(peak, process.memoryUsage().rss));

let given = 0;
const body = new ReadableStream<Uint8Array>({
  pull(controller) {
    look();
    controller.enqueue(chunk.slice());
    given += chunk.byteLength;
    if (given >= bytes) controller.close();
  },
});
const startedAt = realSystem.monotonic();
await backend.put("large", body, { mode: "create" });
const putMs = realSystem.monotonic() - startedAt;
let received = 0;
const object = await backend.get("large");
await forEachChunk(object!.body, (chunk) => {
  look();
  received += chunk.byteLength;
});
const getMs = realSystem.monotonic() - startedAt - putMs;
// The process ends without closing the backend.
console.log(JSON.stringify({ received, peak, putMs, getMs }));
