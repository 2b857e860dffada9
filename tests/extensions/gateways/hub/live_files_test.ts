import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LiveFiles } from "../../../../extensions/gateways/hub/live_files.ts";
import { casesOfRun } from "../../../support/seeds.ts";

const segment = fc.constantFrom("a", "b", "ab", "a-b", "a.b", "é");
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const change = fc.record({ kind: fc.constantFrom("set", "delete", "folder"), path });

Deno.test("a folder is deleted with all its files and no others, as often as it has files", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.nat(700), (changes, more) => {
      // Enough other paths for several blocks, most of them without a file.
      const others = Array.from({ length: more }, (_, i) => `a/${i}/x`);
      const files = new LiveFiles([...changes.map(({ path }) => path), ...others]);
      const model = new Set<string>();
      for (const { kind, path } of changes) {
        if (kind === "set") {
          files.set(path, { path, content: new Uint8Array() });
          model.add(path);
        } else if (kind === "delete") {
          assertEquals(files.delete(path), model.delete(path), path);
        } else {
          const inside = [...model].filter((each) => each.startsWith(`${path}/`));
          for (const each of inside) model.delete(each);
          assertEquals(files.deleteFolder(path), inside.length > 0, path);
        }
        assertEquals([...files.keys()].sort(), [...model].sort());
      }
    }),
    { numRuns: casesOfRun(300) },
  );
});
