import { assert, assertEquals, assertRejects } from "@std/assert";
import { realSystem } from "../../core/system.ts";
import { startDistance } from "../bench/buckets/distance.ts";
import { CERTIFICATES } from "../support/certificates/folder.ts";
import { serverTest, startServer } from "../support/servers/mod.ts";
import { createServerStore, placeOf } from "./server_world.ts";

serverTest("a TLS server needs its authority", "minio", async () => {
  const roundTripMs = 20;
  const server = await startServer("minio", { tls: CERTIFICATES });
  const distance = await startDistance(server.endpoint, roundTripMs);
  const place = { ...placeOf(server), endpoint: distance.endpoint };
  const stranger = createServerStore({ ...place, ca: undefined }, { retryForMs: 0 });
  const store = createServerStore(place, {});
  try {
    assert(/^https:/.test(server.endpoint) && server.ca !== undefined);
    await assertRejects(() => stranger.head("key"));
    const large = new Uint8Array(3_000_000).map((_, i) => i % 251);
    assert((await store.put("key", large, { mode: "create" })).written);
    const begin = realSystem.monotonic();
    assertEquals(await (await store.get("key"))!.bytes(), large);
    assert(realSystem.monotonic() - begin >= roundTripMs - 1, "nothing comes before it can");
  } finally {
    for (const used of [stranger, store, distance, server]) await used[Symbol.asyncDispose]();
  }
});

serverTest("TLS needs a server that supports it", "gofakes3", async () => {
  const error = await assertRejects(() => startServer("gofakes3", { tls: CERTIFICATES }), Error);
  assertEquals(error.message, "Cannot start gofakes3: it speaks no TLS here");
});
