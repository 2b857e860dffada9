import { createZarrFiles } from "../../files/zarr.ts";
import { testFileStore } from "../conformance/files.ts";
import { tempRoot } from "../support/temp_root.ts";
import { KINDS, withMembers } from "./stores.ts";

for (const [kind, create] of Object.entries(KINDS)) {
  testFileStore(Deno.test, async () => {
    const root = await tempRoot();
    return withMembers(createZarrFiles({ files: create(root.join("files")) }), {
      [Symbol.asyncDispose]: () => root.remove(),
    });
  }, { name: `zarr files over ${kind}` });
}
