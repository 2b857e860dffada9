import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../mod.ts";
import { createPlugins, EventBus } from "../../../plugins/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

Deno.test("a bus of events is a plugin, in memory or on Redis, with the same settings", async () => {
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

programTest("the environment says where the bus on Redis is", "redis", async ({ shared }) => {
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
