// Aliases that are looked up while versions go.
import { assertEquals } from "@std/assert";
import type { Registry } from "../../../../core/registry.ts";
import { prune } from "../../../../extensions/maintenance/pruning/mod.ts";
import { withoutStore } from "../../../registry/contract/without_store.ts";
import { type ProtocolWorld, testProtocol } from "../../../registry/protocol_world.ts";
import { collect } from "../../../registry/rejected.ts";
import { doing } from "../../../registry/scripted_backend.ts";

const OF_ALIAS = /^names\/a\/aliases\/[^/]+\/[^/]+$/;

/** Saves versions and aliases, prunes, and returns how often a record of an alias was read. */
async function aliasesRead(
  { registry, backend }: ProtocolWorld,
  { versions, aliases }: { versions: number; aliases: number },
): Promise<number> {
  for (let n = 1; n <= versions; n++) await registry.save("a", n);
  for (let n = 1; n <= aliases; n++) await registry.setAlias("a", `keep-${n}`, `${versions}`);
  backend.forget();
  const { deleted } = await prune(registry, { keepLast: 1 });
  assertEquals(deleted.length, versions - 1);
  return backend.asked({ verb: "get", key: OF_ALIAS }).length;
}

testProtocol("prune() reads an alias and its history once, however much goes", async (world) => {
  assertEquals(await aliasesRead(world, { versions: 200, aliases: 7 }), 2 * 7);
});

testProtocol("prune() by methods reads the history of an alias once", async ({ registry }) => {
  for (let n = 1; n <= 100; n++) await registry.save("a", n);
  for (let n = 1; n <= 5; n++) await registry.setAlias("a", `keep-${n}`, "100");
  let histories = 0;
  const counted = withoutStore(registry);
  const history = counted.history.bind(counted);
  counted.history = (...args) => {
    histories++;
    return history(...args);
  };
  assertEquals((await prune(counted, { keepLast: 1 })).deleted.length, 99);
  assertEquals(histories, 5);
});

/** Moves of the alias before its second lookup, and before each later one: a batch follows each. */
const MOVES = [undefined, undefined, "30", "40", "50"];

for (const by of ["the store", "methods"]) {
  testProtocol(
    `prune() keeps what aliases name by then, and named before (${by})`,
    async (world) => {
      const { registry, backend } = world;
      for (let n = 1; n <= 60; n++) await registry.save("a", n);
      await registry.setAlias("a", "live", "60");
      const { registry: other } = await world.open();
      const moves = MOVES.values();
      const move = async () => {
        const { value } = moves.next();
        if (value !== undefined) await other.setAlias("a", "live", value);
      };
      let pruned: Registry = registry;
      if (by === "methods") {
        pruned = withoutStore(registry);
        pruned.aliases = async function* (...args) {
          await move();
          yield* registry.aliases(...args);
        };
      } else backend.answerAll({ verb: "list", key: /aliases\/$/ }, doing(move));
      const { deleted, failures } = await prune(pruned, { keepLast: 1 });
      backend.heal();
      assertEquals([deleted.length, failures], [56, []]);
      const left = (await collect(registry.versions("a"))).map(({ version }) => version);
      assertEquals(left, ["60.0.0", "50.0.0", "40.0.0", "30.0.0"]);
      assertEquals((await registry.rollbackAlias("a", "live")).version, "40.0.0");
    },
  );
}
