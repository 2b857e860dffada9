import { createMemoryBackend } from "../../backends/memory.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { testFileStore } from "../conformance/files.ts";

testFileStore(Deno.test, () => Promise.resolve(createMemoryFiles()), { name: "memory files" });
testFileStore(
  Deno.test,
  () => Promise.resolve(createBucketFiles({ backend: createMemoryBackend() })),
  { name: "bucket files" },
);
