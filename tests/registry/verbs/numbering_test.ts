import { assertEquals, assertMatch } from "@std/assert";
import type { Registry } from "../../../core/registry.ts";
import { rejected } from "../rejected.ts";
import { testInMemory } from "../registries.ts";

/** What the next automatic version is after these were saved. */
async function nextAfter(
  registry: Registry,
  versions: string[],
  bump?: "major" | "minor" | "patch",
): Promise<string> {
  const name = `after ${versions.join(" ")} ${bump ?? ""}`.trim();
  for (const version of versions) await registry.save(name, version, { version });
  return (await registry.save(name, "next", { bump })).version;
}

testInMemory(
  "save() releases the highest prerelease where there are only prereleases",
  async ({ registry }) => {
    assertEquals(await nextAfter(registry, ["3.0.0-rc.1"]), "3.0.0");
    assertEquals(await nextAfter(registry, ["3.0.0-rc.1", "3.0.0-rc.10", "2.0.0-beta"]), "3.0.0");
    assertEquals(await nextAfter(registry, ["0.3.1-alpha"], "major"), "0.3.1");
  },
);

testInMemory(
  "save() does not look at prereleases once there is a release",
  async ({ registry }) => {
    assertEquals(await nextAfter(registry, ["1.0.0", "3.0.0-rc.1"]), "2.0.0");
  },
);

testInMemory("save() counts deleted releases before living prereleases", async ({ registry }) => {
  await registry.save("a", 1);
  await registry.save("a", 2, { version: "9.0.0-rc.1" });
  await registry.delete("a@1.0.0");
  assertEquals((await registry.save("a", 3)).version, "2.0.0");
});

testInMemory(
  "save() counts on from an explicit version in the same name only",
  async ({ registry }) => {
    await registry.save("a", 1, { version: "7.1" });
    assertEquals((await registry.save("a", 2)).version, "7.2.0");
    assertEquals((await registry.save("a/b", 2)).version, "1.0.0");
    assertEquals((await registry.save("A", 2)).version, "1.0.0");
  },
);

testInMemory(
  "save() refuses version and bump together, and a bump that is not one",
  async ({ registry }) => {
    await rejected("Invalid", registry.save("a", 1, { version: "1", bump: "major" }));
    await rejected("Invalid", registry.save("a", 1, { bump: "huge" as "major" }));
    assertEquals(await registry.has("a"), false);
  },
);

const LAST = String(Number.MAX_SAFE_INTEGER);

testInMemory(
  "automatic numbering goes on above a version that has a last number",
  async ({ registry }) => {
    for (
      const [there, next] of [
        [`${LAST}.0.0`, `${LAST}.1.0`],
        [`${LAST}.7.0`, `${LAST}.8.0`],
        [`1.${LAST}.0`, `1.${LAST}.1`],
        [`1.2.${LAST}`, "1.3.0"],
        [`1.${LAST}.${LAST}`, "2.0.0"],
        [`${LAST}.0.${LAST}`, `${LAST}.1.0`],
        [`${LAST}.${LAST}.0`, `${LAST}.${LAST}.1`],
        [`${LAST}.0.0-rc.1`, `${LAST}.0.0`],
      ]
    ) {
      await registry.save(there, "stored", { version: there });
      assertEquals((await registry.save(there, "next")).version, next);
      assertEquals(await registry.load(`${there}@${there}`), "stored");
    }
    const end = `${LAST}.${LAST}.${LAST}`;
    await registry.save("end", "stored", { version: end });
    assertMatch(
      (await rejected("Invalid", registry.save("end", "next"))).message,
      /no version above/,
    );
    await registry.save("major", "stored", { version: LAST });
    const error = await rejected("Invalid", registry.save("major", "next", { bump: "major" }));
    assertMatch(error.message, /no version above/);
    assertMatch(error.hint!, /bump/);
    assertEquals((await registry.save("major", "next", { bump: "patch" })).version, `${LAST}.0.1`);
  },
);
