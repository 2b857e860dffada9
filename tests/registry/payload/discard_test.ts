import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { bytesStream } from "../../../core/bytes/bytes.ts";
import { RegistryError, unavailable } from "../../../core/errors.ts";
import type { Executor } from "../../../core/executor.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import type { SaveOptions } from "../../../core/registry.ts";
import { silentLogger } from "../../../core/system.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import type { PayloadJobs } from "../../../registry/payload/job_kinds.ts";
import { PayloadFolder } from "../../../registry/payload/writing/payload_folder.ts";
import { storePayload } from "../../../registry/payload/writing/store_payload.ts";
import { Payload, ValueToStore } from "../../../registry/payload/write.ts";
import { fileSet, filler } from "../protocol_world.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { createPayloadExecutor } from "../../../registry/cache/payload_jobs.ts";

Deno.test("an aborted save waits only a moment for a silent store", async () => {
  const root = await tempRoot();
  await Deno.writeFile(root.join("large"), new Uint8Array(2 ** 20));
  const inner = createMemoryBackend();
  const stop = new AbortController();
  const never = (signal?: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const backend: Backend = {
    kind: inner.kind,
    location: inner.location,
    disk: inner.disk,
    head: (key, options) => inner.head(key, options),
    get: (key, options) => inner.get(key, options),
    put(key, body, options) {
      if (!key.startsWith("objects/")) return inner.put(key, body, options);
      queueMicrotask(() => stop.abort(new Error("enough")));
      return never(options?.signal);
    },
    delete(_key, options) {
      queueMicrotask(moment.pass);
      return never(options?.signal);
    },
    list: (prefix, options) => inner.list(prefix, options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  const moment = holdTimers(5_000);
  try {
    const registry = await openRegistry(backend);
    const saving = registry.save("a", localPath(root.join("large")), { signal: stop.signal });
    assertEquals((await assertRejects(() => saving, Error)).message, "enough");
  } finally {
    moment[Symbol.dispose]();
    await root.remove();
  }
});

Deno.test("requests of a lost thread use unused keys", async () => {
  const backend = createMemoryBackend();
  const asked: unknown[] = [];
  /** Loses the thread of every job once. */
  const executor = {
    run(_kind, job, { again = () => job } = {}) {
      asked.push([job, again()].map((one) => "to" in one ? one.to : "first" in one && one.first));
      const file = { size: 0, sha256: "", parts: [] };
      return Promise.resolve({ ...file, files: [], inline: [], lists: new Map(), objects: 2 });
    },
  } as Executor<PayloadJobs>;
  const operation = {
    action: "save",
    unresolved: false,
    checkSend() {},
    moment: () => ({ monotonic: 0, wall: 0 }),
    ageMs: () => 0,
    noteReply() {},
    renew() {},
  };
  const store = { backend, logger: silentLogger, settings: { graceMs: 1, leastGraceMs: 1 } };
  const progress = { moved() {}, count() {} };
  const folder = new PayloadFolder(store, operation, { key: "f/", executor, progress });
  const { signal } = new AbortController();
  const content = { repeatable: true, async *chunks() {} };
  assertEquals((await folder.run("storeFile", { path: "a", content }, signal)).object, 1);
  assertEquals((await folder.run("packFiles", { files: [] }, signal)).object, 3);
  const materializer = { module: "m", name: "n" };
  const payload = new Payload({ progress });
  const value = { value: 1, materializer, here: { save: () => [] } };
  await payload.gather(new ValueToStore(value, 1));
  await storePayload(payload, { folder }, {});
  const after = (await folder.run("storeFile", { path: "b", content }, signal)).object;
  assertEquals(asked.slice(0, 2), [["f/0", "f/1"], ["f/2", "f/3"]]);
  const [first, second] = asked[2] as number[];
  assertEquals([first > 3, second >= first + 1_000_000, after > second], [true, true, true]);
  for (const key of ["f/1", `f/${second + 1}`, "f/.alive"]) {
    await backend.put(key, new Uint8Array());
  }
  await folder.discard();
  assertEquals(await Array.fromAsync(backend.list("f/")), []);
});

Deno.test("a source that fails to close hides no outcome of a save and leaves no objects", async () => {
  const inner = createMemoryBackend();
  const backend: Backend = {
    ...inner,
    async put(key, body, options) {
      const result = await inner.put(key, body, options);
      if (!key.startsWith("objects/")) return result;
      throw unavailable("put", key, "no reply", { maybeWritten: true });
    },
  };
  const registry = await openRegistry(backend);
  await registry.save("a", { x: filler("x", 10) }, { as: fileSet, version: "1" });
  async function* files(): AsyncGenerator<FileToSave> {
    try {
      yield { path: "1", content: bytesStream(filler("large", 2 ** 19)) };
    } finally {
      // deno-lint-ignore no-unsafe-finally -- as a source may do
      throw new Error("cannot close");
    }
  }
  const save = (options: SaveOptions) => registry.save("a", files, { ...options, as: fileSet });
  await assertRejects(() => save({}), RegistryError, "no reply");
  assertEquals(await Array.fromAsync(inner.list("objects/")), []);
  assertEquals((await save({ version: "1", onConflict: "skip" })).skipped, true);
  await registry[Symbol.asyncDispose]();
});

const FOLDER = "objects/a/v/c/";
const KNOWN = new Uint8Array(70 * 1024);

/** Fails long after the job went on. */
async function failLater(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
  throw new Error("too late");
}

Deno.test("a failing progress callback ends reading", async () => {
  const backend = createMemoryBackend();
  await backend.put(`${FOLDER}0`, KNOWN);
  const file = {
    path: "a",
    size: KNOWN.byteLength,
    sha256: sha256(KNOWN),
    parts: [{ object: 0, size: KNOWN.byteLength }],
  };
  const job = {
    ref: "a@1.0.0",
    recordKey: "a",
    files: [{ file, keys: [`${FOLDER}0`] }],
    cached: false,
  };
  const reading = createPayloadExecutor({ backend }).run(
    "checkFile",
    { ...job, verify: "integrity" as const },
    {
      onProgress: failLater,
    },
  );
  await assertRejects(() => reading, Error, "too late");
});
