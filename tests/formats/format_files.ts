// Files of formats in memory.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { FileToDecode } from "../../core/file_store.ts";
import { isRegistryError } from "../../core/errors.ts";
import { bytesFile } from "../../formats/content/content.ts";
import { casesOfRun } from "../support/seeds.ts";

export { contentBytes } from "../../formats/content/content.ts";

/** Returns a file with these bytes, or this text. */
export function fileOf(content: string | Uint8Array, path = "a.txt"): FileToDecode {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return bytesFile(path, bytes);
}

/** Checks that reading random bytes, and random sequences of pieces, throws only known errors. */
export async function anyBytes(
  pieces: fc.Arbitrary<string>,
  maxLength: number,
  read: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const text = fc.array(pieces, { maxLength }).map((all) => new TextEncoder().encode(all.join("")));
  const reading = fc.asyncProperty(fc.oneof(fc.uint8Array(), text), async (bytes) => {
    try {
      await read(bytes);
    } catch (error) {
      assertEquals(isRegistryError(error, "Corrupt", "Unsupported"), true, String(error));
    }
  });
  await fc.assert(reading, { numRuns: casesOfRun(300) });
}
