import { assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import type { Artifact, ArtifactFile } from "../../../core/artifact.ts";
import { readThrough } from "../../../registry/payload/read.ts";

const MIB = 1024 * 1024;

Deno.test("files are read through several at once; the first failure waits for those under way", async () => {
  const seen = { open: 0, most: 0 };
  const file = (path: string): ArtifactFile => ({
    info: { path, size: 2 * MIB, sha256: "" },
    bytes: () => Promise.reject(new Error("large files are streamed")),
    stream: () => new ReadableStream(),
  });
  const files = Array.from({ length: 20 }, (_, n) => file(`${n}`));
  const artifact = { info: {}, files: () => files } as unknown as Artifact;
  const check = (failing?: string) => async ({ info }: ArtifactFile) => {
    seen.most = Math.max(seen.most, ++seen.open);
    await new Promise((resolve) => setImmediate(resolve));
    seen.open--;
    if (info.path === failing) throw new Error("damaged");
  };
  assertEquals(await readThrough(artifact, check()), 40 * MIB);
  assertGreater(seen.most, 1);
  assertLessOrEqual(seen.most, 8);
  await assertRejects(() => readThrough(artifact, check("3")), Error, "damaged");
  assertEquals(seen.open, 0);
});
