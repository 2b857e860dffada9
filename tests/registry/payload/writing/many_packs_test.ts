// Packs of many files of one size.
import { assertEquals, assertStrictEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { StoredFile } from "../../../../core/record.ts";
import { createSideBySide } from "../../../../core/work/side_by_side.ts";
import { PACK_FILES } from "../../../../registry/payload/content.ts";
import type { PackFilesJob } from "../../../../registry/payload/job_kinds.ts";
import { createSaveProgress } from "../../../../registry/payload/write.ts";
import { type ObjectFolder, SendQueue } from "../../../../registry/payload/writing/send_queue.ts";
import { packFiles } from "../../../../registry/payload/writing/store_file.ts";

Deno.test("packs share the digests of stored files, and store equal files once", async () => {
  const backend = createMemoryBackend();
  const jobs: PackFilesJob[] = [];
  const folder: ObjectFolder = {
    async run(_kind, given) {
      const object = jobs.length, job = { to: `${object}`, ...given } as unknown as PackFilesJob;
      jobs.push(job);
      // deno-lint-ignore no-explicit-any -- only packs are sent
      return { object, ...await packFiles({ backend }, job, {}) } as any;
    },
    drop: () => Promise.resolve(),
  };
  const to = { folder, lists: { keep: () => {} }, sharing: () => undefined };
  const tasks = createSideBySide({ atOnce: 1, room: Infinity });
  const queue = new SendQueue(to, { tasks, progress: createSaveProgress(undefined) });
  const files: StoredFile[] = [];
  for (let n = 0; n < 2.5 * PACK_FILES; n++) {
    const file = { path: `${n}`, size: 0, sha256: "" };
    const content = new Uint8Array(4);
    new DataView(content.buffer).setUint32(0, n % (2 * PACK_FILES)); // the last ones are equal
    files.push(file);
    await queue.add({ file, content: { kind: "small", content }, passing: false });
  }
  await queue.end();
  assertEquals(jobs.map(({ files }) => files.length), [PACK_FILES, PACK_FILES, PACK_FILES / 2]);
  const [first, second, third] = jobs.map(({ known }) => known?.get(4));
  assertEquals([first, second?.length, third?.length], [[], 1, 1]);
  assertStrictEquals(second![0], third![0]);
  assertEquals(files.at(-1)!.parts, files[PACK_FILES / 2 - 1]!.parts);
  assertEquals((await Array.fromAsync(backend.list(""))).length, 2);
});
