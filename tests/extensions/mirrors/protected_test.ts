// Rules of the target protect its versions from a mirror.
import { assertEquals, assertMatch } from "@std/assert";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { withoutStore } from "../../registry/contract/without_store.ts";
import { rejected } from "../../registry/rejected.ts";

async function fill(registry: Registry): Promise<void> {
  for (const name of ["a", "b"]) {
    for (let n = 1; n <= 3; n++) await registry.save(name, n);
  }
}

for (const view of ["store", "methods"]) {
  Deno.test(`a mirror by its ${view} keeps what a rule of the target protects`, async () => {
    const source = await openRegistry("memory:", { mutable: true });
    const to = await openRegistry("memory:", { mutable: true });
    const from = view === "store" ? source : withoutStore(source);
    await fill(source);
    await mirrorRegistry(from, to);
    await changeRules(to, { set: { pattern: "*", protect: true } });
    await source.save("a", "new", { version: "1", onConflict: "overwrite" });
    await source.save("a", "four");
    if (view === "store") await source.delete("b", { allVersions: true });
    for (const dryRun of [true, false, false]) {
      const { failures, deleted } = await mirrorRegistry(from, to, { dryRun });
      const failed = failures.map(({ name, version }) => `${name}@${version}`).sort();
      assertEquals(
        failed,
        view === "store" ? ["a@1.0.0", "b@1.0.0", "b@2.0.0", "b@3.0.0"] : [
          "a@1.0.0",
        ],
      );
      for (const { error } of failures) {
        assertEquals(error.code, "Conflict");
        assertMatch(error.message, /: the rule "\*" protects it/);
      }
      assertEquals(deleted, 0);
    }
    assertEquals([await to.load("a@1"), await to.load("a"), await to.load("b")], [1, "four", 3]);
    await Promise.all([source.close(), to.close()]);
  });
}

Deno.test("a protected mirror takes deletions of versions that it never had", async () => {
  const from = await openRegistry("memory:");
  const to = await openRegistry("memory:");
  await changeRules(to, { set: { pattern: "*", protect: true } });
  await fill(from);
  await from.delete("a@1");
  const { failures, deleted } = await mirrorRegistry(from, to);
  assertEquals([failures, deleted], [[], 1]);
  await rejected("Conflict", mirrorRegistry(from, to).then(() => to.delete("b@1")));
  await Promise.all([from.close(), to.close()]);
});
