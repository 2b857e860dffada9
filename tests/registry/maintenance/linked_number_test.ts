import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { openRegistry, verifyRegistry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { testInRoot } from "../../support/temp_root.ts";

testInRoot(
  "verifyRegistry() names a link where a number of a key goes on, and looks at what is beside it",
  async (root) => {
    const registry = await openRegistry(root.join("store"), { durability: "os" });
    for (const version of ["9.0.0", "10.0.0", "11.0.0", "100.0.0"]) {
      await registry.save("a", version, { version });
    }
    const linked = root.join("store", "names", "a", "versions,final,o+");
    fs.renameSync(linked, root.join("elsewhere"));
    fs.symlinkSync(root.join("elsewhere"), linked);
    const { problems, versions } = await verifyRegistry(registry);
    assertEquals(problems.map(({ ref, code }) => [ref, code]), [["a", "Denied"]]);
    assert(problems[0].message.includes(`${linked} is a symbolic link`), problems[0].message);
    assertEquals(versions, 2);
    await rejected("Denied", registry.load("a@<100")); // not 9.0.0: what the link hides is higher
  },
);
