import { assert } from "@std/assert";
import { createMemoryBackend, defineMaterializer, isRegistryError } from "../../../mod.ts";
import { resolveRelease } from "../../../mod.ts";
import { createRegistry } from "../create_registry.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";

const SUM = "0".repeat(64);
const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const member = (ref: unknown, digest: unknown = SUM) =>
  JSON.stringify({ members: { model: { ref, digest } } });

/** Texts that another program saved as a release. */
const TEXTS: string[] = [
  ...["", "{", "null", "[]", "{}", '{"members":null}', '{"members":[]}', '{"members":{}}'],
  ...[`{"members":{"model":${deep(5_000)}}}`, '{"members":{"model":"net@1.0.0"}}'],
  ...[5, null, {}, "net", "net@1", "net@latest", "net@^1", "@1.0.0", "a/../b", "net@1.0.0/x"].map(
    (ref) => member(ref),
  ),
  ...[5, "", "x", SUM.slice(1), `${SUM}0`].map((digest) => member("net@1.0.0", digest)),
  `{"members":{"a@b":{"ref":"net@1.0.0","digest":"${SUM}"}}}`,
  JSON.stringify({
    members: Object.fromEntries(
      Array.from({ length: 201 }, (_, i) => [`m${i}`, { ref: "net@1.0.0", digest: SUM }]),
    ),
  }),
];

Deno.test("a hostile release is refused, and affects nothing else", async () => {
  for (
    const text of [...TEXTS, `{"members":{"__proto__":{"ref":"net@1.0.0","digest":"${SUM}"}}}`]
  ) {
    const registry = await createRegistry(createMemoryBackend());
    await registry.save("net", 1);
    await registry.save("net", 2);
    const materializer = defineMaterializer<unknown>({
      id: "release",
      save: () => [{ path: "release.json", content: new TextEncoder().encode(text) }],
      load: () => undefined,
    });
    const asItIs = (ref: string) => ({ ref, digest: null });
    const inputs = ["net@1", asItIs("net"), asItIs("net@latest"), asItIs("x y@1")];
    await registry.save("serving", 1, { as: materializer, inputs });
    for (
      const action of [
        () => resolveRelease(registry, "serving"),
        () => resolveRelease(registry, "serving", { partial: true }),
        () => registry.load("serving"),
        () => registry.load("serving@1/model"),
        () => registry.load("serving@1/__proto__"),
      ]
    ) {
      const error = await action().catch((error) => error);
      const isPolluting = text.includes("__proto__");
      assert(isRegistryError(error) || isPolluting, `${text.slice(0, 60)}: ${String(error)}`);
    }
    assert(({} as { ref?: string }).ref === undefined);
    await prune(registry, { keepLast: 1 });
    await collectGarbage(registry);
    assert(await registry.has("net@1"), "its inputs hold all the same");
    await registry.delete("net@1", { force: true });
    await registry.close();
  }
});
