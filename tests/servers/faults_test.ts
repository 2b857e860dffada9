import { loadMany, saveMany } from "../../registry/contract/many.ts";
import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { createRegistry } from "../registry/create_registry.ts";
import { noise } from "../registry/registries.ts";
import { rejected } from "../registry/rejected.ts";
import type { Fault, WireRequest } from "../support/proxy.ts";
import { spawnDeno } from "../support/run_deno.ts";
import { seededRandom } from "../support/scripted_system.ts";
import { REAL_SERVERS } from "../support/servers/mod.ts";
import { watchProcess } from "../support/watch_process.ts";
import { withoutHanging } from "../support/without_hanging.ts";
import { placeOf, testOnServers } from "./server_world.ts";

const BUSY: Fault = {
  fault: "answer",
  status: 503,
  headers: { "content-type": "application/xml", "connection": "close" },
  body: "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
};

testOnServers("all saves succeed despite many 503", REAL_SERVERS, async (world) => {
  const registry = await createRegistry(world.proxied(), { cache: false });
  const random = seededRandom(1);
  let refused = 0;
  world.proxy.plan(() => random() < 0.4 ? (refused++, BUSY) : undefined);
  const entries = Array.from(
    { length: 24 },
    (_, n) => ({ name: `of-${n % 3}`, value: noise(n % 4 ? 100 : 200_000, n) }),
  );
  const { results, errors } = await saveMany(registry, entries, { concurrency: 8 });
  assertEquals([...errors.values()], []);
  const refs = results.map((result) =>
    result.ok ? `${result.value.name}@${result.value.version}` : ""
  );
  assertEquals(new Set(refs).size, entries.length);
  const loaded = await loadMany(registry, refs);
  assertEquals(
    loaded.results.map((result) => result.ok && result.value),
    entries.map(({ value }) => value),
  );
  await registry.setAlias("of-1", "live", "1");
  assertEquals(await registry.delete("of-2", { allVersions: true }), true);
  assert(refused > 30, `only ${refused} requests were refused`);
  world.proxy.plan();
  assertEquals((await verifyRegistry(registry)).ok, true);
});
testOnServers("a slow connection does not time out", REAL_SERVERS, async (world) => {
  const registry = await createRegistry(world.proxied({ requestTimeoutMs: 2_000 }), {
    cache: false,
  });
  const value = noise(1_000_000);
  await registry.save("a", value);
  world.proxy.plan(() => ({ fault: "slow", bytes: 3_000 })); // more than three seconds in all
  assertEquals(await registry.load("a"), value);
});

testOnServers("a stalled connection times out", REAL_SERVERS, async (world) => {
  const { proxy } = world;
  await (await createRegistry(world.store(), { cache: false })).save("a", noise(200_000));
  const patience = { requestTimeoutMs: 600, retryForMs: 800 };
  const registry = await openRegistry(world.proxied(patience), {
    cache: false,
    retryForMs: patience.retryForMs,
  });
  for (const [how, meant] of STALLS) {
    proxy.plan((request) => meant(request) ? { fault: "stall" } : undefined);
    const error = await withoutHanging(
      `the end of a load where ${how}`,
      rejected("Unavailable", registry.load("a")),
    );
    assert(/time|no progress/.test(error.message), error.message);
    assert(error.hint !== undefined);
  }
  proxy.plan(({ method }) => method === "GET" ? undefined : { fault: "stall" });
  await rejected("Unavailable", registry.save("b", noise(200_000))); // no record was sent yet
  // The registry reads the record back.
  assertEquals((await registry.save("a", "x", { version: "7" })).version, "7.0.0");
  proxy.plan(() => ({ fault: "stall" }));
  await rejected("Unknown", registry.save("a", "y", { version: "8" }));
  proxy.plan();
  const patient = await openRegistry(world.store(), { cache: false });
  assertEquals(await patient.load("a@8"), "y");
});

const STALLS: [string, (request: WireRequest) => boolean][] = [
  ["everything stalls", () => true],
  ["the payload stalls", ({ url }) => url.includes("objects")],
];

testOnServers("a program exits after a stalled connection", REAL_SERVERS, async (world) => {
  await (await createRegistry(world.store(), { cache: false })).save("a", noise(200_000));
  world.proxy.plan(({ url }) => url.includes("objects") ? { fault: "stall" } : undefined);
  const place = JSON.stringify({ ...placeOf(world.server), endpoint: world.proxy.endpoint });
  const program = watchProcess(
    spawnDeno("tests/servers/programs/load_once.ts", [place, world.prefix], {
      permissions: ["--no-check", "-A"],
    }),
  );
  const { code, stdout } = await withoutHanging("its end", program.ended).catch(async (error) => {
    await program.stop("SIGKILL");
    throw error;
  });
  assertEquals([code, stdout], [0, "Unavailable\n"]);
});
