import { assertEquals, assertRejects } from "@std/assert";
import { checkStoreUrl, driverOf } from "../../backends/drivers.ts";
import { createMemoryBackend } from "../../backends/memory.ts";
import { createBackends, openBackend } from "../../backends/mod.ts";
import { RegistryError } from "../../core/errors.ts";
import { findRegistry } from "../../registry/places/mod.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";

const URL = "latency+mine://shelf/books?latency-ms=30&color=red";

/** Schemes with one whose stores are in memory, and what its opener got. */
function withMine() {
  const opened: unknown[] = [];
  const system = createScriptedSystem();
  const backends = createBackends();
  backends.register("mine", (place) => {
    opened.push(place);
    return createMemoryBackend({ system, id: place.bucket });
  });
  return { backends, opened, system };
}

Deno.test("latency+URL waits before each call of the store", async () => {
  const { backends, opened, system } = withMine();
  const backend = await openBackend(URL, { backends, system });
  assertEquals(opened, [{
    url: "mine://shelf/books?latency-ms=30&color=red",
    scheme: "mine",
    bucket: "shelf",
    prefix: "books",
    parameters: { color: "red" },
  }]);
  assertEquals([backend.kind, backend.location], ["memory", "memory:shelf"]);
  await backend.put("a", new Uint8Array(3));
  assertEquals((await backend.get("a"))?.info.size, 3);
  for await (const _ of backend.list("")); // one page
  assertEquals(system.slept, [30, 30, 30]);
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await assertRejects(() => backend.head("a", { signal: stop.signal }), Error, "enough");
});

Deno.test("latency+URL without a number, of no bucket or of no store is refused", async () => {
  const { backends, opened } = withMine();
  const refused: [url: string, message: string][] = [
    ["latency+mine://shelf", "Cannot use the parameter latency-ms: it is missing"],
    ["latency+mine://shelf?latency-ms=-1", 'latency-ms: "-1" is not a number'],
    ["latency+memory:", "unknown scheme"],
    ["latency+other://shelf?latency-ms=1", "unknown scheme"],
    ["other+mine://shelf", "unknown scheme"],
    ["latency+s3:shelf", "not a path"],
  ];
  for (const [url, message] of refused) {
    const error = await assertRejects(() => openBackend(url, { backends }), RegistryError, message);
    assertEquals([error.code, error.hint === undefined], ["Invalid", false]);
  }
  assertEquals(opened, []);
});

Deno.test("a registry at latency+URL has the driver and the credentials of its bucket", () => {
  const url = "latency+minio://shelf/books?latency-ms=30&endpoint=http://h";
  const { driver, place } = driverOf(url);
  assertEquals([driver?.kind, place.scheme, place.parameters], ["s3", "minio", {
    endpoint: "http://h",
  }]);
  checkStoreUrl(url);
  const found = findRegistry(url, { system: createScriptedSystem() });
  assertEquals([found.kind, found.location], ["store", url]);
});
