import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareVersions, parseVersion } from "../../../../core/naming/versions.ts";
import { LiveVersions } from "../../../../extensions/mirrors/live_versions.ts";

const version = fc.tuple(fc.nat(3), fc.nat(3), fc.constantFrom("", "-rc.1", "-rc.2"))
  .map(([major, minor, more]) => parseVersion(`${major}.${minor}.0${more}`));

Deno.test("live versions are found as in a sorted list", () => {
  fc.assert(fc.property(
    fc.uniqueArray(version, { selector: ({ canonical }) => canonical }),
    fc.array(fc.tuple(version, fc.boolean())),
    version,
    (first, changes, asked) => {
      const live = new LiveVersions(first);
      let model = [...first];
      for (const [changed, isNew] of changes) {
        model = model.filter(({ canonical }) => canonical !== changed.canonical);
        if (isNew) model.push(changed);
        live[isNew ? "add" : "delete"](changed);
      }
      const upTo = model.toSorted(compareVersions)
        .findLast((other) => compareVersions(other, asked) <= 0);
      assertEquals(live.upTo(asked)?.canonical, upTo?.canonical);
      const same = model.find(({ canonical }) => canonical === asked.canonical);
      assertEquals(live.get(asked.canonical)?.canonical, same?.canonical);
    },
  ));
});
