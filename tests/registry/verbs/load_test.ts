import { assertEquals, assertMatch } from "@std/assert";
import { defineMaterializer } from "../../../core/materializer.ts";
import { rejected } from "../rejected.ts";
import { noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach("load() says which part of a ref is missing", async ({ registry }) => {
  await rejected("NotFound", registry.load("nothing"));
  await registry.save("a", 1, { version: "1.5.0" });
  assertMatch(
    (await rejected("NotFound", registry.load("a@1.4"))).message,
    /"a@1\.4\.0": there is no such version/,
  );
  assertMatch((await rejected("NotFound", registry.load("a@^2"))).message, /a version in "\^2"/);
  assertMatch((await rejected("NotFound", registry.load("a@canary"))).message, /no such alias/);
  await registry.delete("a@1.5.0");
  assertMatch((await rejected("NotFound", registry.load("a@1.5"))).message, /it was deleted/);
  await rejected("NotFound", registry.load("a"));
});

testInMemory(
  "load() refuses files of a newer format of a materializer, and of an unknown one",
  async ({ registry, open }) => {
    const format = (formatVersion: number) =>
      defineMaterializer<string>({
        id: "acme/note",
        formatVersion,
        save: (value) => [{ path: "note", content: new TextEncoder().encode(value) }],
        load: async (artifact) => new TextDecoder().decode(await artifact.file("note").bytes()),
      });
    await registry.save("note", "x", { materializer: format(2) });
    assertEquals(await registry.load("note", { as: format(3) }), "x");
    await rejected("Unsupported", registry.load("note", { as: format(1) }));
    const error = await rejected("Unsupported", (await open()).load("note"));
    assertMatch(error.message, /acme\/note/);
  },
);

testOnEach(
  "load() verifies by default, and not where that is switched off",
  async ({ registry, backend, open }) => {
    await registry.save("a", noise(400_000));
    for await (const entry of backend.list("objects/")) {
      if ("key" in entry) await backend.put(entry.key, noise(400_000, 2));
    }
    await rejected("Corrupt", registry.load("a"));
    await rejected("Corrupt", registry.load("a", { verify: "full" }));
    assertEquals(await registry.load("a", { verify: "none" }), noise(400_000, 2));
    const careless = await open({ verify: "none" });
    assertEquals(await careless.load("a"), noise(400_000, 2));
    await rejected("Corrupt", careless.load("a", { verify: "integrity" }));
  },
);
