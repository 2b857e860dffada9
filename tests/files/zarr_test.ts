import type { FileStore } from "../../core/file_store.ts";
import { createZarrFiles } from "../../files/zarr.ts";
import { testFileStore } from "../conformance/files.ts";
import { tempRoot } from "../support/temp_root.ts";
import { KINDS } from "./stores.ts";

for (const [kind, create] of Object.entries(KINDS)) {
  testFileStore(Deno.test, async (): Promise<FileStore> => {
    const root = await tempRoot();
    return {
      ...createZarrFiles({ files: create(root.join("files")) }),
      [Symbol.asyncDispose]: () => root.remove(),
    };
  }, { name: `zarr files over ${kind}` });
}
