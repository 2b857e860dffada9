import { assertEquals } from "@std/assert";
import { createMemoryBackend, deleteMany } from "../../../mod.ts";
import type { Backend, Registry } from "../../../mod.ts";
import { publishRelease } from "../../../mod.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { aliasesFolder, releasedMark } from "../../../registry/format/layout.ts";
import { createRegistry } from "../create_registry.ts";
import { testInMemory, testOnEach } from "../registries.ts";
import { rejected } from "../rejected.ts";

async function publishAll(registry: Registry): Promise<void> {
  for (let n = 1; n <= 4; n++) await registry.save("net", `net ${n}`);
  await registry.save("bpe", "bpe");
  await publishRelease(registry, "serving", { model: "net@2", tokenizer: "bpe" });
}

testOnEach("delete() and prune() keep the members of a release", async ({ registry, backend }) => {
  await publishAll(registry);
  await backend.put(`${aliasesFolder("net")}.another`, new Uint8Array(1)); // hides no mark
  await rejected("Conflict", registry.delete("net@2"), /a release names it \(serving@1.0.0\)/);
  await rejected("Conflict", registry.delete("net", { allVersions: true }));
  const { failed } = await deleteMany(registry, ["net@1", "net@2"]);
  assertEquals(failed, [1]);
  const { deleted } = await prune(registry, { keepLast: 1 });
  assertEquals(deleted.map(({ version }) => version), ["3.0.0"]);
  await collectGarbage(registry);
  assertEquals((await verifyRegistry(registry)).problems, []);
  assertEquals(await registry.load("serving@1/model"), "net 2");

  await registry.delete("serving@1");
  assertEquals(await registry.delete("net@2"), true);
});

testInMemory("prune() with keepAliased: false deletes members", async ({ registry }) => {
  await publishAll(registry);
  const { deleted } = await prune(registry, { keepLast: 1, keepAliased: false });
  assertEquals(deleted.length, 3);
});

Deno.test("delete() and prune() read nothing but the releases of members", async () => {
  const calls: string[] = [];
  const backend: Backend = new Proxy(createMemoryBackend(), {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function" || typeof name !== "string") return value;
      return (...args: unknown[]) => {
        calls.push(`${name} ${args[0]}`);
        return value.apply(target, args);
      };
    },
  });
  const registry = await createRegistry(backend);
  for (let n = 1; n <= 3; n++) await registry.save("net", n);
  const callsOf = async (action: () => Promise<unknown>) => {
    calls.length = 0;
    await action();
    return calls.map((call) => call.replace(/\w+\.rec$/, "REC"));
  };
  assertEquals(await callsOf(() => registry.delete("net@1")), [
    "list names/net/versions/final/p8p9p9/",
    "list names/net/versions/final/p8p9p9/",
    "get names/net/versions/final/p8p9p9/REC",
    "list names/net/aliases/",
    "put names/net/versions/final/p8p9p9/REC",
  ]);
  const pruning = await callsOf(() => prune(registry, { keepLast: 1 }));
  assertEquals(pruning.filter((call) => /lineage|released/.test(call)), []);

  await registry.save("net", 4);
  await publishRelease(registry, "serving", { model: "net@4" });
  for (let run = 1; run <= 3; run++) await registry.save("scores", run, { inputs: ["net@4"] });
  const deleting = await callsOf(() => rejected("Conflict", registry.delete("net@4")));
  assertEquals(deleting.filter((call) => call.includes("names/scores")), []);
  await registry.close();
});

testInMemory(
  "verifyRegistry() reports the lost mark of a member",
  async ({ registry, backend }) => {
    await publishAll(registry);
    await backend.delete(releasedMark("net", "serving"));
    assertEquals((await verifyRegistry(registry)).problems.map(({ key }) => key), [
      releasedMark("net", "serving"),
    ]);
    await backend.put(releasedMark("net", "serving"), new Uint8Array()); // as the hint says
    assertEquals((await verifyRegistry(registry)).ok, true);
    await rejected("Conflict", registry.delete("net@2"));
  },
);
