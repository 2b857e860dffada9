import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../../mod.ts";
import { openEventBus } from "../../../../extensions/plugins/events/mod.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { createMemoryBus } from "../../../../extensions/plugins/events/memory.ts";
import { testEventBus } from "../../../conformance/events.ts";
import { createPlugins, EventBus } from "../../../../extensions/plugins/mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";

Deno.test("an invalid bus URL is refused without quoting it", async () => {
  for (const url of ["", "127.0.0.1:hunter2", "http://a:hunter2@b", "redis:hunter2", "redis://"]) {
    const error = await assertRejects(() => openEventBus(url), RegistryError);
    assertEquals(error.code, "Invalid", url);
    assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"), url);
  }
});

Deno.test("opening fails in time if no server answers", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const error = await assertRejects(
    () => openEventBus(`redis://:hunter2@127.0.0.1:${port}`, { connectWithinMs: 300 }),
    RegistryError,
  );
  assertEquals(error.code, "Unavailable");
  assert(error.message.includes(`redis://127.0.0.1:${port}`), error.message);
  assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
});

programTest("a Redis bus has a location without secrets", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openEventBus(`${url}/2?bus=mine`);
  assertEquals([bus.kind, bus.location], ["redis", `${url}/2?bus=mine`]);
  const error = await assertRejects(
    () =>
      openEventBus(url.replace("redis://", "redis://nobody:hunter2@"), {
        connectWithinMs: 20_000,
      }),
    RegistryError,
  );
  assertEquals(error.code, "Denied");
  assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
});

testEventBus((name, fn) => Deno.test(name, fn), () => {
  const bus = createMemoryBus();
  return Promise.resolve({ bus, again: () => Promise.resolve(bus) });
}, { name: "memory bus" });

Deno.test("event buses are plugins with the same settings", async () => {
  await using plugins = createPlugins();
  assertEquals(plugins.names(EventBus), ["memory", "redis"]);
  await using bus = await plugins.create(EventBus, "memory", {
    host: "127.0.0.1",
    bus: "mine",
    maxEvents: 5,
  });
  assertEquals(bus.kind, "memory");
  const error = await assertRejects(
    () => plugins.create(EventBus, "redis", { hots: "127.0.0.1" }),
    RegistryError,
  );
  assertEquals(error.code, "Invalid");
});

programTest("the environment configures the Redis bus", "redis", async ({ shared }) => {
  const { url } = await shared();
  const { port } = new URL(url);
  const environment = { REDIS_HOST: "127.0.0.1", REDIS_PORT: port, REDIS_DB: "4" };
  await using plugins = createPlugins({ system: createScriptedSystem({ environment }) });
  await using bus = await plugins.create(EventBus, "redis", { bus: "mine" });
  assertEquals(bus.location, `${url}/4?bus=mine`);
  const wrong = { password: "hunter2", user: "nobody" };
  const error = await assertRejects(() => plugins.create(EventBus, "redis", wrong), RegistryError);
  assertEquals(error.code, "Denied");
  assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
});
