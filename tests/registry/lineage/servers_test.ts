// Lineage in buckets of real servers.
import { assertEquals } from "@std/assert";
import { openRegistry, readLineage } from "../../../mod.ts";
import { testOnServers } from "../../servers/server_world.ts";
import { REAL_SERVERS } from "../../support/servers/mod.ts";

testOnServers("the index works in a bucket", REAL_SERVERS, async ({ store }) => {
  const backend = store();
  const created = await openRegistry(backend, { cache: false });
  await created.save("data:raw", 1);
  for (let n = 0; n < 30; n++) {
    await created.save(`model ${n}`, n, {
      inputs: ["data:raw@1", { ref: "data:raw", digest: null }],
    });
  }
  const registry = await openRegistry(backend, { cache: false });
  const down = await readLineage(registry, "data:raw", { direction: "down" });
  assertEquals([down.edges.length, down.unsure.length], [30, 30]);
});
