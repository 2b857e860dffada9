import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { noise } from "../registry/registries.ts";
import { collect, rejected } from "../registry/rejected.ts";
import type { FaultPlan, WireRequest } from "../support/proxy.ts";
import { REAL_SERVERS } from "../support/servers/mod.ts";
import { type ServerWorld, testOnServers } from "./server_world.ts";
import { aliasesOf } from "../conformance/registry/registry_case.ts";

testOnServers("saves with cut replies succeed once", REAL_SERVERS, async (world) => {
  const registry = await openRegistry(world.proxied(), { cache: false });
  const cuts = cutFirst(world, isCreate);
  for (let n = 1; n <= 5; n++) {
    assertEquals((await registry.save("automatic", `value ${n}`)).version, `${n}.0.0`);
  }
  for (const version of ["0.1.0", "1.0.0", "1.0.1-rc.1"]) {
    assertEquals((await registry.save("explicit", version, { version })).version, version);
  }
  await registry.save("large", noise(300_000), { version: "1" });
  const keyed = await registry.save("keyed", "once", { idempotencyKey: "key" });
  assert(cuts() >= 9, `only ${cuts()} replies were cut`);
  await rejected("AlreadyExists", registry.save("explicit", "another", { version: "1" }));

  const other = await openRegistry(world.store(), { cache: false });
  assertEquals(
    (await other.save("keyed", "twice", { idempotencyKey: "key" })).commit,
    keyed.commit,
  );
  assertEquals(
    await all(other, "automatic"),
    [5, 4, 3, 2, 1].map((n) => [`${n}.0.0`, `value ${n}`]),
  );
  assertEquals(
    await all(other, "explicit"),
    ["1.0.1-rc.1", "1.0.0", "0.1.0"].map((version) => [version, version]),
  );
  assertEquals(await other.load("large"), noise(300_000));
  assertEquals((await verifyRegistry(other)).ok, true);
});

testOnServers(
  "overwrites, deletes and aliases with cut replies happen once",
  REAL_SERVERS,
  async (world) => {
    const registry = await openRegistry(world.proxied(), { mutable: true, cache: false });
    for (const value of ["one", "two"]) await registry.save("a", value);
    const first = await registry.info("a@1");
    const cuts = cutFirst(world, isCreate);
    const over = { version: "1", onConflict: "overwrite" } as const;
    await registry.save("a", "uno", { ...over, ifCommit: first.commit });
    await registry.save("a", "un", over);
    await registry.setAlias("a", "live", "1");
    await registry.setAlias("a", "live", "2", { expected: "1.0.0" });
    await rejected("Conflict", registry.setAlias("a", "live", "1", { expected: "1.0.0" }));
    assertEquals(await registry.delete("a@1"), true);
    assertEquals(await registry.delete("a@1"), false);
    await registry.deleteAlias("a", "live");
    assert(cuts() >= 6, `only ${cuts()} replies were cut`);

    const other = await openRegistry(world.store(), { cache: false });
    assertEquals(await all(other, "a"), [["2.0.0", "two"]]);
    assertEquals(await aliasesOf(other, "a"), {});
    assertEquals(
      await generations(world, "names/a/versions/"),
      1 + 4,
      "of version 2, and of version 1",
    );
  },
);

testOnServers(
  "a request that is duplicated on the way is not a conflict",
  REAL_SERVERS,
  async (world) => {
    const registry = await openRegistry(world.proxied(), { mutable: true, cache: false });
    world.proxy.plan(() => ({ fault: "repeat" }));
    for (let n = 1; n <= 3; n++) assertEquals((await registry.save("a", n)).version, `${n}.0.0`);
    await registry.save("a", "explicit", { version: "0.1" });
    await registry.save("a", "over", { version: "2", onConflict: "overwrite" });
    await registry.setAlias("a", "live", "2");
    assertEquals(await registry.delete("a@1"), true);
    assertEquals(await all(registry, "a"), [["3.0.0", 3], ["2.0.0", "over"], [
      "0.1.0",
      "explicit",
    ]]);
  },
);

testOnServers("one of two writers with cut replies wins", REAL_SERVERS, async (world) => {
  const registries = [
    await openRegistry(world.proxied(), { cache: false }),
    await openRegistry(world.proxied(), { cache: false }),
  ];
  cutFirst(world, isCreate);
  for (let round = 1; round <= 5; round++) {
    const outcomes = await Promise.allSettled(
      registries.map((registry, i) => registry.save("a", `${i}`, { version: `${round}` })),
    );
    const won = outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [`${i}`] : []);
    assertEquals(won.length, 1, JSON.stringify(outcomes));
    const lost = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
    assertEquals(lost.reason.code, "AlreadyExists");
    assertEquals(await registries[0].load(`a@${round}`), won[0]);
  }
});

testOnServers("a registry is created once despite a cut reply", REAL_SERVERS, async (world) => {
  const cuts = cutFirst(world, () => true);
  const registry = await openRegistry(world.proxied(), { cache: false });
  await registry.save("a", "x");
  assert(cuts() > 3, `only ${cuts()} replies were cut`);
  const other = await openRegistry(world.store(), { cache: false });
  assertEquals(other.id, registry.id);
  assertEquals(await other.load("a"), "x");
});
/** Cuts the first reply to each matching request. Returns the number of cut replies. */
function cutFirst(
  { proxy }: ServerWorld,
  meant: (request: WireRequest) => boolean,
  afterBytes?: number,
): () => number {
  const seen = new Set<string>();
  const plan: FaultPlan = (request) => {
    const inBody = /"name":"[^"]+"/.exec(request.text)?.[0]; // the key of an upload to GCS
    const same = [request.method, request.url, inBody].join(" ");
    if (seen.has(same) || !meant(request)) return undefined;
    seen.add(same);
    return { fault: "cut", afterBytes };
  };
  proxy.plan(plan);
  return () => seen.size;
}

/** A create of either protocol. */
function isCreate({ headers, url }: WireRequest): boolean {
  return headers["if-none-match"] === "*" || /[?&]ifGenerationMatch=0(&|$)/.test(url);
}

async function all(
  registry: Awaited<ReturnType<typeof openRegistry>>,
  name: string,
): Promise<[string, unknown][]> {
  const versions = (await collect(registry.versions(name))).map(({ version }) => version);
  return await Promise.all(
    versions.map(async (version) =>
      [version, await registry.load(`${name}@${version}`)] as [string, unknown]
    ),
  );
}

async function generations({ store }: ServerWorld, prefix: string): Promise<number> {
  return (await Array.fromAsync(store().list(prefix))).length;
}
