import { createLocalFiles } from "../../files/local.ts";
import { testFileStore } from "../conformance/files.ts";
import { tempRoot } from "../support/temp_root.ts";
import { withMembers } from "./stores.ts";

for (const durability of ["os", "disk"] as const) {
  testFileStore(Deno.test, async () => {
    const root = await tempRoot();
    return withMembers(createLocalFiles({ root: root.join("files"), durability }), {
      [Symbol.asyncDispose]: () => root.remove(),
    });
  }, { name: `local files (${durability})` });
}
