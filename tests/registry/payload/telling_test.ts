import { assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { createPayloadJobs } from "../../../registry/cache/payload_jobs.ts";

const FOLDER = "objects/a/v/c/";
const KNOWN = new Uint8Array(70 * 1024);

/** Fails when the job has long gone on. */
async function failLater(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
  throw new Error("too late");
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
