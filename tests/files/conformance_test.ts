import { createMemoryBackend } from "../../backends/memory.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createLocalFiles } from "../../files/local.ts";
import type { FileStore } from "../../core/file_store.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { createZarrFiles } from "../../files/zarr.ts";
import { testFileStore } from "../conformance/files.ts";
import { IS_QUICK } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";
import { KINDS, withMembers } from "./kinds.ts";

/** Runs the suite with stores in a folder that is removed with them. */
function testIn(name: string, create: (root: string) => FileStore): void {
  testFileStore(Deno.test, async () => {
    const root = await tempRoot();
    const store = create(root.join("files"));
    return withMembers(store, { [Symbol.asyncDispose]: () => root.remove() });
  }, { name });
}

testIn("memory files", () => createMemoryFiles());
testIn("bucket files", () => createBucketFiles({ backend: createMemoryBackend() }));
for (const durability of ["os", "disk"] as const) {
  testIn(`local files (${durability})`, (root) => createLocalFiles({ root, durability }));
}
const BELOW_ZARR = Object.entries(KINDS).filter(([kind]) => !IS_QUICK || kind === "memory");
for (const [kind, create] of BELOW_ZARR) {
  testIn(`zarr files over ${kind}`, (root) => createZarrFiles({ files: create(root) }));
}
