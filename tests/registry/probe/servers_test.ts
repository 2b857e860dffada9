import { assert, assertEquals, assertLess } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { probeBackend } from "../../../registry/probe/probe.ts";
import { REAL_SERVERS } from "../../support/servers/mod.ts";
import { keysOf } from "../registries.ts";
import { testOnServers } from "../../servers/server_world.ts";

testOnServers(
  "a real store passes, in some 240 requests, and is left as it was",
  [...REAL_SERVERS, "gofakes3"],
  async ({ store }) => {
    const backend = store();
    const certificate = await probeBackend(backend);
    assertEquals(certificate.steps.filter(({ ok }) => !ok), []);
    assert(certificate.ok);
    assertLess(certificate.requests, 300);
    assertLess(Math.abs(certificate.clockOffsetMs!), 60_000);
    assertEquals(await keysOf(backend), []);
  },
);

testOnServers(
  "a registry is created on a real store, and opened again",
  REAL_SERVERS,
  async ({ store }) => {
    const backend = store();
    const { id } = await openRegistry(backend, { cache: false });
    const again = await openRegistry(backend, { cache: false });
    assertEquals(again.id, id);
    await again.save("a", { x: 1 });
    assertEquals(await again.load("a"), { x: 1 });
  },
);
