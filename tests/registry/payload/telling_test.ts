import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { createPayloadJobs } from "../../../registry/jobs/mod.ts";

const FOLDER = "objects/a/v/c/";
const INLINE = new Uint8Array(10);
const KNOWN = new Uint8Array(70 * 1024);

/** Fails when the job has long gone on. */
async function failLater(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
  throw new Error("too late");
}

for (
  const [what, content] of Object.entries({ "in the record": INLINE, "that others have": KNOWN })
) {
  Deno.test(`storing a value ends as what hears of its bytes ends, also of a file ${what}`, async () => {
    const backend = createMemoryBackend();
    const storing = createPayloadJobs({ backend }).storeValue({
      value: 1,
      materializer: { module: "", name: "" },
      folder: FOLDER,
      first: 0,
      known: new Map([[KNOWN.byteLength, new Set([sha256(KNOWN)])]]),
      here: { save: () => [{ path: "a", content }] },
    }, { onProgress: failLater });
    await assertRejects(() => storing, Error, "too late");
    assertEquals(await Array.fromAsync(backend.list(FOLDER)), []);
  });
}

Deno.test("reading ends as what hears of its bytes ends", async () => {
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
  const reading = createPayloadJobs({ backend }).checkFile(
    { ...job, verify: "integrity" as const },
    {
      onProgress: failLater,
    },
  );
  await assertRejects(() => reading, Error, "too late");
});
