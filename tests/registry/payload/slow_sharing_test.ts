import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import type { FileSource } from "../../../core/materializer.ts";
import { fileSet, GRACE_MS, type ProtocolWorld, testProtocol } from "../protocol_world.ts";
import { noise } from "../registries.ts";

const CHUNK_BYTES = 64 * 1024;

/** A file that takes `ms` to read, each time. */
function slowFile(bytes: Uint8Array, ms: number, { advance }: ProtocolWorld): FileSource {
  return {
    size: bytes.byteLength,
    stream() {
      let at = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (at >= bytes.byteLength) return controller.close();
          advance(ms * CHUNK_BYTES / bytes.byteLength);
          controller.enqueue(bytes.slice(at, at += CHUNK_BYTES));
        },
      }, { highWaterMark: 0 });
    },
  };
}

testProtocol("a save renews itself while it skips the bytes that its base has", async (world) => {
  const { registry } = world;
  const first = noise(2 * 1024 * 1024);
  const second = concatBytes([first.subarray(0, -1000), noise(1000, 3)]);
  await registry.save("a", { file: first }, { as: fileSet });
  const file = slowFile(second, GRACE_MS, world); // four deadlines
  const saved = await registry.save("a", { file }, { as: fileSet });
  assert(saved.addedBytes! < 200_000, `${saved.addedBytes} bytes`);
  const loaded = await registry.load("a", { as: fileSet }) as Record<string, Uint8Array>;
  assertEquals(loaded.file, second);
});
