// Measures the memory of the isolate while 100 MB are uploaded and downloaded, once and four times
// at once: deno run -A tests/servers/r2/memory.ts
import { createToken } from "../../../apps/server.ts";
import { noise } from "../../apps/captured_io.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { bundleWorker, startWorker } from "./run_worker.ts";

const BYTES = 100e6, CHUNK = 65_536;

await using root = await tempRoot();
const { token } = await createToken(root.join("tokens.json"), { scopes: ["admin"] });
await using worker = await startWorker(await bundleWorker("tests/servers/r2/service.ts"), {
  bindings: { TOKENS: await Deno.readTextFile(root.join("tokens.json")) },
  bucket: root.join("bucket"),
  inspected: true,
});
await worker.fetch("/create/x");
const at = `${worker.urls[0]}/at/x`;
const headers = { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" };

function body(bytes: number): ReadableStream<Uint8Array> {
  const chunk = noise(CHUNK);
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      new DataView(chunk.buffer).setFloat64(0, left);
      controller.enqueue(chunk.slice(0, left));
      left -= CHUNK;
    },
  });
}

async function upload(name: string, bytes: number): Promise<void> {
  const answer = await fetch(`${at}/upload?name=${name}`, {
    method: "POST",
    headers,
    body: body(bytes),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  await answer.body?.cancel();
}

async function download(name: string, bytes: number): Promise<void> {
  const answer = await fetch(`${at}/artifacts/${name}/versions/latest/files/content`, { headers });
  let received = 0;
  for await (const chunk of answer.body!) received += chunk.byteLength;
  if (received !== bytes) throw new Error(`${received} bytes instead of ${bytes}`);
}

const four = (run: (name: string, bytes: number) => Promise<void>) => () =>
  Promise.all([0, 1, 2, 3].map((number) => run(`few-${number}`, BYTES / 4)));
const measured: Record<string, unknown> = {};
for (
  const [what, run] of Object.entries({
    nothing: () => Promise.resolve(),
    "upload of 100 MB": () => upload("one", BYTES),
    "download of 100 MB": () => download("one", BYTES),
    "4 uploads of 25 MB": four(upload),
    "4 downloads of 25 MB": four(download),
  })
) {
  measured[what] = await worker.heapDuring!(run);
}
console.table(measured);
