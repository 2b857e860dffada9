// Uploads over a line that is slow, and over one that stalls. A write of a whole part takes several
// time limits of a request here.
import { assert, assertEquals } from "@std/assert";
import { saveMany } from "../../registry/contract/many.ts";
import { createRegistry } from "../registry/create_registry.ts";
import { noise } from "../registry/registries.ts";
import { rejected } from "../registry/rejected.ts";
import { REAL_SERVERS } from "../support/servers/mod.ts";
import { startSlowLine } from "../support/slow_line.ts";
import { withoutHanging } from "../support/without_hanging.ts";
import { testOnServers } from "./server_world.ts";

const MIB = 2 ** 20;
const PATIENCE = { requestTimeoutMs: 3_000, retryForMs: 3_000 }; // less than a part takes

testOnServers(
  "a large file is saved over a slow line, each byte once",
  REAL_SERVERS,
  async (world) => {
    await using line = await startSlowLine(world.server.endpoint, 4 * MIB);
    const store = world.store({ endpoint: line.endpoint, ...PATIENCE });
    const registry = await createRegistry(store, { cache: false });
    const value = noise(24 * MIB);
    await registry.save("a", value);
    assert(line.sent() < 25 * MIB, `${line.sent()} bytes were sent`);
    const direct = await createRegistry(world.store(), { cache: false });
    assertEquals(await direct.load("a"), value);
  },
);

testOnServers("a batch loses nothing on a slow line", "minio", async (world) => {
  // All take 18 seconds, and so does each. A busy machine may stop this program for some.
  await using line = await startSlowLine(world.server.endpoint, 2 * MIB);
  const store = world.store({ endpoint: line.endpoint, requestTimeoutMs: 6_000 });
  const registry = await createRegistry(store, { cache: false });
  const entries = Array.from(
    { length: 12 },
    (_, n) => ({ name: `a-${n}`, value: noise(3 * MIB, n) }),
  );
  const { errors } = await saveMany(registry, entries);
  assertEquals([...errors.values()], []);
});

testOnServers("a line that stalls in the middle of a part fails", REAL_SERVERS, async (world) => {
  await using line = await startSlowLine(world.server.endpoint, 32 * MIB);
  const store = world.store({ endpoint: line.endpoint, requestTimeoutMs: 100, retryForMs: 100 });
  const registry = await createRegistry(store, { cache: false });
  line.stallAfter(line.sent() + 6 * MIB);
  const saving = rejected("Unavailable", registry.save("a", noise(24 * MIB)));
  const error = await withoutHanging("the end of a save", saving);
  assert(/time|no progress/.test(error.message), error.message);
});
