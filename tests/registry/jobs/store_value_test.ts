import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { JobProgress } from "../../../core/executor.ts";
import { fileToSave } from "../../../core/registry/artifact_file.ts";
import { openRegistry } from "../../../mod.ts";
import { createPayloadExecutor } from "../../../registry/cache/payload_jobs.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { saveFiles } from "../../../registry/operations/save.ts";
import { ValueToStore } from "../../../registry/payload/write.ts";
import { fileSet } from "../protocol_world.ts";
import { noise } from "../registries.ts";

const large = { path: "large", content: noise(300_000) };
const small = { path: "small", content: noise(100, 2) };

/** Stores these files as those of a value; the large one is known. */
function store(files: typeof small[], onProgress: (progress: JobProgress) => void | Promise<void>) {
  const job = {
    value: undefined,
    materializer: { module: "m", name: "n" },
    folder: "f/",
    first: 0,
    known: new Map([[large.content.byteLength, new Set([sha256(large.content)])]]),
    here: { save: () => files },
  };
  return createPayloadExecutor({ backend: createMemoryBackend() }).run("storeValue", job, {
    onProgress,
  });
}

Deno.test("an error of the progress listener ends a value's job, also late", async () => {
  for (const files of [[small], [large]]) {
    const late = () => Promise.resolve().then(() => Promise.reject(new Error("no more")));
    await assertRejects(() => store(files, late), Error, "no more");
  }
});

Deno.test("a value's job reports each file by its path, also known ones", async () => {
  const told: Record<string, number> = {};
  await store([large, small], ({ path, bytes }) => void (told[path] = (told[path] ?? 0) + bytes));
  assertEquals(told, { large: 300_000, small: 100 });
});

Deno.test("a value's job stores files of another version that the base does not have", async () => {
  const registry = await openRegistry("memory:");
  const files = { large: large.content };
  await registry.save("a", files, { as: fileSet });
  await registry.save("a", { large: noise(300_000, 3) }, { as: fileSet });
  const artifact = await registry.open("a@1");
  for (const name of ["a", "b"]) {
    let made = 0;
    const save = () => {
      if (++made > 1) throw new Error("made again");
      return artifact.files().map(({ info }) => fileToSave(artifact, info));
    };
    const value = { value: 1, materializer: { module: "m", name: "n" }, here: { save } };
    const produce = () => Promise.resolve(new ValueToStore(value, 1));
    await saveFiles(knownContext(registry)!, { name, materializer: fileSet, produce }, {});
    assertEquals(await registry.load(name, { as: fileSet }), files);
  }
  await registry.close();
});
