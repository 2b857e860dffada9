import { assert, assertEquals } from "@std/assert";
import type { Registry } from "../../core/registry.ts";
import { isRegistryError, openRegistry } from "../../mod.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { noise } from "../registry/registries.ts";
import { collect } from "../registry/rejected.ts";
import { S3_SERVERS, type ServerKind, serverTest, startServer } from "../support/servers/mod.ts";
import { inServerWorld, type ServerWorld } from "./server_world.ts";

const WRITERS = 8, SAVES = 15, KILLS = 3;

onOwnServer("running saves survive a kill of the server", async (world) => {
  const registry = await openRegistry(world.store(), { cache: false });
  const { acknowledged, acknowledge, count } = acknowledgements();
  const saving = Promise.all(Array.from({ length: WRITERS }, async (_, writer) => {
    for (let i = 0; i < SAVES; i++) {
      // A large payload is an object, and a small one is in the record.
      const value = noise(i % 3 === 0 ? 100_000 : 500, writer * 100 + i);
      const { version } = await registry.save("shared", value);
      assert(!acknowledged.has(`shared@${version}`), `${version} was given twice`);
      acknowledge(`shared@${version}`, value);
    }
  }));
  for (let kill = 1; kill <= KILLS; kill++) {
    await Promise.race([count(kill * 25), saving]);
    await world.server.kill();
    await world.server.restart();
  }
  await saving;
  const after = await checkAll(world, acknowledged);
  assertEquals((await collect(after.versions("shared"))).length, WRITERS * SAVES);
});

onOwnServer("acknowledged saves survive a kill of the server", async (world) => {
  const store = world.store({ retryForMs: 1 });
  const registry = await openRegistry(store, { cache: false, retryForMs: 1 });
  const { acknowledged, acknowledge, count } = acknowledgements();
  const saving = Promise.allSettled(Array.from({ length: WRITERS }, async (_, writer) => {
    for (let i = 0;; i++) {
      const value = noise(i % 3 === 0 ? 100_000 : 500, writer * 100 + i);
      const { version } = await registry.save(`of-${writer}`, value);
      acknowledge(`of-${writer}@${version}`, value);
    }
  }));
  await Promise.race([count(40), saving.then(() => assert(false, "it ended"))]);
  await world.server.kill();
  for (const outcome of await saving) {
    assert(
      outcome.status === "rejected" && isRegistryError(outcome.reason, "Unavailable", "Unknown"),
    );
  }
  await world.server.restart();
  await (await checkAll(world, acknowledged)).save("of-1", "goes on");
});

/** The saves that were acknowledged; `count` waits until there are so many. */
function acknowledgements() {
  const acknowledged = new Map<string, Uint8Array>();
  const counts = new Map<number, PromiseWithResolvers<void>>();
  return {
    acknowledged,
    acknowledge(ref: string, value: Uint8Array): void {
      acknowledged.set(ref, value);
      counts.get(acknowledged.size)?.resolve();
    },
    count(saves: number): Promise<void> {
      const reached = Promise.withResolvers<void>();
      counts.set(saves, reached);
      if (acknowledged.size >= saves) reached.resolve();
      return reached.promise;
    },
  };
}

/** Everything that was acknowledged is there and whole, and nothing is damaged. */
async function checkAll(
  { store }: ServerWorld,
  acknowledged: Map<string, Uint8Array>,
): Promise<Registry> {
  const registry = await openRegistry(store(), { cache: false });
  for (const [ref, value] of acknowledged) assertEquals(await registry.load(ref), value, ref);
  const { ok, problems } = await verifyRegistry(registry);
  assert(ok, JSON.stringify(problems));
  return registry;
}

/** A test that kills its server has one for itself. */
function onOwnServer(name: string, body: (world: ServerWorld) => Promise<void>): void {
  serverTest(name, S3_SERVERS, async ({ kind }: { kind: ServerKind }) => {
    await using server = await startServer(kind);
    await inServerWorld(server, body);
  });
}
