import { assertEquals, assertLessOrEqual } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { knownContext } from "../../registry/operations/context.ts";
import { noise } from "../registry/registries.ts";
import { REAL_SERVERS } from "../support/servers/mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { testOnServers } from "./server_world.ts";

testOnServers("a small value costs the minimum of requests", REAL_SERVERS, async (world) => {
  const { proxy } = world;
  const registry = await openRegistry(world.proxied(), { cache: false });
  const count = async (action: () => Promise<unknown>) => (await proxy.during(action)).map(verbOf);
  assertEquals(await count(() => registry.save("a", "x", { version: "1" })), ["PUT"]);
  assertEquals(await count(() => registry.save("a", "x")), ["LIST", "PUT"]);
  assertEquals(await count(() => registry.save("b", "x")), ["LIST", "PUT"]);
  assertEquals(await count(() => registry.load("a@1")), ["LIST", "GET"]);
  assertEquals(await count(() => registry.load("a")), ["LIST", "GET"]);
  const reader = await openRegistry(world.proxied(), { cache: false });
  assertEquals(await count(() => reader.load("a")), ["LIST", "GET"]);
});

testOnServers("opening a registry takes two requests", REAL_SERVERS, async (world) => {
  await openRegistry(world.store());
  for (const options of [{}, { create: false }, { readOnly: true }]) {
    const asked = await world.proxy.during(() => openRegistry(world.proxied(), options));
    assertLessOrEqual(asked.length, 2);
    assertEquals(asked.map(verbOf), ["LIST", "GET"]);
  }
});

testOnServers("a cached value costs one request or none", REAL_SERVERS, async (world) => {
  await using root = await tempRoot();
  const { proxy } = world;
  const cache = { path: root.join("cache") };
  const writer = await openRegistry(world.store(), { cache: false });
  const large = noise(200_000);
  await writer.save("small", "x");
  await writer.save("large", large);
  for (const [name, value, cold] of [["small", "x", 2], ["large", large, 3]] as const) {
    const registry = await openRegistry(world.proxied(), { cache });
    const count = async (ref: string, verify: "none" | "integrity" | "full") => {
      const asked = await proxy.during(async () =>
        assertEquals(await registry.load(ref, { verify }), value)
      );
      await knownContext(registry)!.cache!.close(); // what is being written to it is there then
      return asked.map(verbOf);
    };
    assertEquals((await count(`${name}@1`, "integrity")).length, cold);
    assertEquals(await count(`${name}@1`, "full"), ["LIST"]);
    assertEquals(await count(`${name}@1`, "integrity"), []);
    assertEquals(await count(`${name}@1`, "none"), []);
    assertEquals((await count(name, "integrity"))[0], "LIST", "which is the latest is asked");
  }
  const reopened = await openRegistry(world.proxied(), { cache });
  assertEquals(await proxy.during(() => reopened.load("large@1")), []);
});

/** The action of a request, in both protocols. */
function verbOf(request: string): string {
  const [method, url] = request.split(" ");
  if (method === "GET" && /[?&](list-type=2|prefix=)/.test(url)) return "LIST";
  if (method === "POST" && url.startsWith("/upload/")) return "PUT";
  return method;
}
