import { assert, assertEquals } from "@std/assert";
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { type LargeContent, openContent } from "../../registry/payload/content.ts";
import { isMovable, receiveJob, sendJob } from "../../workers/wire_job.ts";
import { noise } from "../registry/registries.ts";
import { MIB } from "./test_batch.ts";

async function large(content: FileToSave["content"]): Promise<LargeContent> {
  const opened = await openContent({ path: "a", content });
  assert(opened.kind === "large");
  return opened.content;
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return iterableStream((async function* () {
    for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000);
  })());
}

Deno.test("bytes, blobs and sources move to a worker as a copy, repeatedly", async () => {
  const bytes = noise(3 * MIB + 5);
  const contents: FileToSave["content"][] = [
    bytes.subarray(),
    new Blob([bytes as BlobPart]),
    { size: bytes.length, stream: () => streamOf(bytes) },
  ];
  for (const given of contents) {
    const content = await large(given);
    assert(isMovable(content));
    for (let time = 0; time < 2; time++) {
      const { job: sent, transfer } = await sendJob("storeFile", { path: "a", to: "k", content });
      const received = structuredClone(sent, { transfer });
      const job = receiveJob("storeFile", received, () => {}) as { content: LargeContent };
      assertEquals(concatBytes(await Array.fromAsync(job.content.chunks())), bytes);
    }
  }
});

Deno.test("streams and sources above 16 MiB stay on the thread of the caller", async () => {
  const stream = await large(streamOf(noise(MIB)));
  assert(!isMovable(stream));
  await stream.cancel?.();
  const size = 16 * MIB + 1;
  assert(!isMovable(await large({ size, stream: () => streamOf(new Uint8Array(size)) })));
});

Deno.test("chunks that their producer keeps or reuses are copied", async () => {
  for (const times of [1, 3]) {
    const kept = new Uint8Array(MIB);
    const content: LargeContent = {
      size: times * MIB,
      repeatable: true,
      async *chunks() {
        for (let time = 1; time <= times; time++) yield kept.fill(time);
      },
    };
    const { job, transfer } = await sendJob("storeFile", { path: "a", to: "k", content });
    const sent = structuredClone(job, { transfer }) as { content: Uint8Array };
    assertEquals(
      Array.from({ length: times }, (_, i) => sent.content[i * MIB]),
      [1, 2, 3].slice(0, times),
    );
    assertEquals(kept[0], times);
  }
});
