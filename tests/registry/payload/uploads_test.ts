import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Executor } from "../../../core/executor.ts";
import { silentLogger } from "../../../core/system.ts";
import type { PayloadJobs } from "../../../registry/jobs/kinds.ts";
import { createUploads } from "../../../registry/payload/writing/uploads.ts";

const CONTENT = { repeatable: true, async *chunks() {} };
const PLACE = { module: "m", name: "n" };

/** An executor that loses the thread of every job once. */
function losing(asked: unknown[]): Executor<PayloadJobs> {
  return {
    run(_kind, job, { again = () => job } = {}) {
      asked.push([job, again()].map((one) => "to" in one ? one.to : "first" in one && one.first));
      return Promise.resolve({ size: 0, sha256: "", parts: [], files: [], inline: [], objects: 2 });
    },
  };
}

Deno.test("what a lost thread may still send lands where nothing is", async () => {
  const backend = createMemoryBackend();
  const asked: unknown[] = [];
  const operation = {
    action: "save",
    unresolved: false,
    checkSend() {},
    moment: () => ({ monotonic: 0, wall: 0 }),
    ageMs: () => 0,
    noteReply() {},
    renew() {},
  };
  const uploads = createUploads(
    { backend, logger: silentLogger, settings: { graceMs: 1, leastGraceMs: 1 } },
    operation,
    { folder: "f/", executor: losing(asked), progress: { moved() {}, count() {} } },
  );
  const { signal } = new AbortController();
  assertEquals((await uploads.storeFile({ path: "a", content: CONTENT }, signal)).object, 1);
  assertEquals((await uploads.packFiles({ files: [] }, signal)).object, 3);
  await uploads.storeValue({ value: 1, materializer: PLACE, here: { save: () => [] } });
  const after = (await uploads.storeFile({ path: "b", content: CONTENT }, signal)).object;
  assertEquals(asked.slice(0, 2), [["f/0", "f/1"], ["f/2", "f/3"]]);
  const [first, second] = asked[2] as number[];
  assertEquals([first > 3, second >= first + 1_000_000, after > second], [true, true, true]);
  for (const key of ["f/1", `f/${second + 1}`, "f/.alive"]) {
    await backend.put(key, new Uint8Array());
  }
  await uploads.discard();
  assertEquals(await Array.fromAsync(backend.list("f/")), []);
});
