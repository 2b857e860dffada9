import { assertEquals, assertStringIncludes } from "@std/assert";
import type { StoredRegistry } from "../../../core/registry.ts";
import { mirrorRegistry, RegistryError } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import type { HookedCall } from "../with_hooks.ts";
import { testMirror } from "./mirror_world.ts";

testMirror(
  "an alias whose version was deleted names it in the mirror too",
  async ({ from, to }) => {
    for (let n = 1; n <= 2; n++) await from.save("a", n);
    await from.setAlias("a", "old", "1");
    await from.delete("a@1", { force: true });
    const { aliases, deleted, failures } = await mirrorRegistry(from, to);
    assertEquals([aliases, deleted, failures, await to.aliases("a")], [1, 1, [], { old: "1.0.0" }]);
    assertStringIncludes(
      (await rejected("NotFound", to.load("a@old"))).message,
      "which was deleted",
    );
  },
);

testMirror("an alias never names a version that the mirror leaves out", async ({ from, to }) => {
  for (let n = 1; n <= 2; n++) await from.save("a", n);
  for (const version of ["1", "2"]) await from.setAlias("a", "live", version);
  await mirrorRegistry(from, to, { range: "^1" });
  assertEquals(await to.aliases("a"), {});
  await mirrorRegistry(from, to);
  assertEquals(await to.aliases("a"), { live: "2.0.0" });
  assertEquals((await Array.fromAsync(to.history("a", "live"))).map(({ version }) => version), [
    "2.0.0",
    "1.0.0",
  ]);
});

testMirror(
  "a mirror without deletions reads no history of removed aliases",
  async ({ from, to, open }) => {
    await from.save("a", 1);
    for (const alias of ["x", "y"]) {
      await from.setAlias("a", alias, "1");
      await from.deleteAlias("a", alias);
    }
    await mirrorRegistry(from, to, { deleted: false });
    const reads: string[] = [];
    const before = ({ verb, key }: HookedCall) =>
      void (verb === "get" && key.includes("/aliases/") && reads.push(key));
    const source = await open("from", {}, (backend) => withHooks(backend, { before }));
    await mirrorRegistry(source, to, { deleted: false });
    assertEquals([reads, await to.aliases("a")], [[], {}]);
  },
);

testMirror(
  "a mirror that is killed between two changes of an alias goes on where it was",
  async ({ from, to, open }) => {
    await from.save("a", 1);
    await from.save("a", 2);
    for (let n = 0; n < 10; n++) await from.setAlias("a", "live", String(n % 2 + 1));
    let changes = 0;
    const before = ({ verb, key }: HookedCall) => {
      if (verb !== "put" || !key.includes("/aliases/")) return;
      if (++changes > 4) {
        throw new RegistryError({
          code: "Denied",
          message: "Cannot write",
          hint: "Be allowed to.",
        });
      }
    };
    const killed = await open("to", {}, (backend) => withHooks(backend, { before }));
    assertEquals((await mirrorRegistry(from, killed)).failures.length, 1);
    assertEquals((await mirrorRegistry(from, to)).failures, []);
    const told = async (registry: StoredRegistry) =>
      (await Array.fromAsync(registry.history("a", "live"))).map((
        { version, createdAt },
      ) => [version, createdAt]);
    assertEquals(await told(to), await told(from));
  },
);
