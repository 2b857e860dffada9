import { assert, assertEquals } from "@std/assert";
import { defineMaterializer, verifyRegistry } from "../../../mod.ts";
import { keysOf, noise, testOnEach } from "../registries.ts";

const LARGE = noise(700_000);

testOnEach(
  "a save does not share what the store has lost, and can be read",
  async ({ registry, backend }) => {
    await registry.save("a", LARGE);
    const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
    await backend.delete(object);
    const saved = await registry.save("a", LARGE, { skipIfUnchanged: true });
    assertEquals([saved.version, saved.skipped], ["2.0.0", false]);
    assertEquals(await registry.load("a"), LARGE);
  },
);

testOnEach(
  "a save does not share what the store has cut short, and can be read",
  async ({ registry, backend }) => {
    await registry.save("a", LARGE);
    const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
    await backend.put(object, LARGE.slice(0, 1000));
    await registry.save("a", LARGE);
    assertEquals(await registry.load("a"), LARGE);
  },
);

testOnEach(
  "small files of an object that is lost are stored again, beside those that are new",
  async (world) => {
    const { registry, backend } = world;
    const files = (last: number) =>
      defineMaterializer<number>({
        id: "test/many",
        save: () =>
          Array.from(
            { length: 100 },
            (_, i) => ({ path: `${i}`, content: noise(1000, i < 99 ? i : last) }),
          ),
        load: async (artifact) =>
          (await Promise.all(artifact.files().map((file) => file.bytes()))).length,
      });
    await registry.save("a", 1, { materializer: files(99) });
    const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
    await backend.delete(object);
    await registry.save("a", 2, { materializer: files(1000) });
    assertEquals(await registry.load("a", { as: files(1000) }), 100);
  },
);

testOnEach(
  "base: null shares nothing, so it mends what was changed in place",
  async ({ registry, backend }) => {
    await registry.save("a", LARGE);
    const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
    await backend.put(object, noise(LARGE.byteLength, 9));
    await registry.save("a", LARGE, { base: null });
    assertEquals(await registry.load("a"), LARGE);
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ ref, code }) => [ref, code]), [["a@1.0.0", "Corrupt"]]);
    assert(problems[0].hint!.includes("base: null"));
  },
);
