import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../backends/memory.ts";
import type { Backend } from "../core/backend.ts";
import { isPrefix } from "../core/backend.ts";
import { RegistryError } from "../core/errors.ts";
import { createSendWatch } from "./simulate/checks/send_watch.ts";
import { createRandom } from "./simulate/random.ts";
import { createSimulatedSystem } from "./simulate/simulated_system.ts";
import type { SimulatedProcess } from "./simulate/simulated_system.ts";
import { createPowerCutDisk } from "./simulate/stores/power_cut.ts";
import type { Viewer } from "./simulate/stores/site.ts";
import { createStagingDisk } from "./simulate/stores/staging_disk.ts";
import { createStaleLists } from "./simulate/stores/stale_lists.ts";
import { withVerbs } from "./simulate/stores/with_verbs.ts";
import { createHistory, withHistory } from "./simulate/with_history.ts";

const ONE = new TextEncoder().encode("one");
const TWO = new TextEncoder().encode("two");

function createDesk() {
  const system = createSimulatedSystem(1);
  const store = createMemoryBackend({ system });
  const fences: string[] = [];
  const viewer = (process: SimulatedProcess, pauseMs = 0): Viewer => ({
    process,
    system,
    plan: pauseMs === 0
      ? {}
      : { pause: ({ verb }) => verb === "place" ? { ms: pauseMs, at: "send" } : undefined },
    fenced: () => fences.push(process.name),
  });
  return { system, store, viewer, fences };
}

async function keysOf(store: Backend): Promise<string[]> {
  return await Array.fromAsync(
    store.list(""),
    (entry) => isPrefix(entry) ? entry.prefix : entry.key,
  );
}

async function textAt(store: Backend, key: string): Promise<string | undefined> {
  const found = await store.get(key);
  return found && new TextDecoder().decode(await found.bytes());
}

for (const locking of ["link", "file"] as const) {
  Deno.test(`a staging disk (${locking}) has one winner of each create`, async () => {
    const { system, store, viewer } = createDesk();
    const view = createStagingDisk(locking);
    const results = await system.run(() =>
      Promise.all(
        [100, 0, 50].map((pauseMs, i) =>
          view(store, viewer(system.process(`p${i}`), pauseMs)).put("a", ONE, { mode: "create" })
        ),
      )
    );
    assertEquals(results.filter(({ written }) => written).length, 1);
  });

  Deno.test(`a staging disk (${locking}) ends a write whose stage was swept in Unknown`, async () => {
    const { system, store, viewer, fences } = createDesk();
    const view = createStagingDisk(locking);
    const slow = view(store, viewer(system.process("slow"), 10_000));
    const janitor = view(store, viewer(system.process("janitor")));
    await system.run(async () => {
      const put = assertRejects(() => slow.put("a", ONE, { mode: "create" }), RegistryError);
      await system.sleep(5_000);
      const swept = await Array.fromAsync(
        janitor.sweepUploads!({ olderThan: system.now() - 1_000 }),
      );
      assertEquals(swept.length, 1);
      assertEquals((await put).code, "Unknown");
    });
    assertEquals([await keysOf(store), fences], [[], ["slow"]]);
  });
}

Deno.test("a staging disk frees the lock of a process that was killed", async () => {
  const { system, store, viewer } = createDesk();
  const view = createStagingDisk("file");
  const victim = system.process("victim");
  await system.run(async () => {
    view(store, viewer(victim, 10_000)).put("a", ONE, { mode: "create" });
    await system.sleep(11_000); // inside the lock, before the rename
    victim.kill();
    assert(
      (await view(store, viewer(system.process("other"))).put("a", TWO, { mode: "create" }))
        .written,
    );
    await system.sleep(60_000);
  });
  assertEquals(await textAt(store, "a"), "two");
});

Deno.test("stale lists hide for a while what others wrote, and nothing else", async () => {
  const { system, store, viewer } = createDesk();
  const history = createHistory();
  const view = createStaleLists({ history, random: createRandom(1), maxLagMs: 10_000 });
  const [mine, theirs] = ["me", "them"].map((actor) => {
    const recorded = withHistory(store, { history, now: system.now, actor, hold: (work) => work });
    return view(recorded, viewer(system.process(actor)));
  });
  await system.run(async () => {
    for (let n = 0; n < 8; n++) {
      await mine.put(`k/${n}`, ONE);
      await theirs.put(`l/${n}`, ONE);
    }
    const seen = await keysOf(mine);
    assertEquals(seen.filter((key) => key.startsWith("k/")).length, 8);
    assert(seen.length < 16, "all were seen at once");
    assert(await mine.head("l/7") !== undefined, "only lists lag");
    assertEquals((await Array.fromAsync(mine.list("k/", { limit: 3 }))).length, 3);
    await system.sleep(10_000);
    assertEquals((await keysOf(mine)).length, 16);
  });
});

Deno.test("a power cut loses what no put returned for and nobody synced", async () => {
  const { system, store, viewer } = createDesk();
  const disk = createPowerCutDisk({
    random: { ...createRandom(1), chance: () => true },
    system,
    maxSyncMs: 500,
  });
  await system.run(async () => {
    const victim = system.process("victim"), other = system.process("other");
    const [dying, reading] = [victim, other].map((process) => disk.view(store, viewer(process)));
    await dying.put("safe/a", ONE);
    const lost = ["lost/a", "kept/a"].map((key) => dying.put(key, ONE));
    dying.put("safe/a", TWO).catch(() => {});
    await system.sleep(0.5);
    victim.kill();
    assertEquals(await textAt(reading, "lost/a"), "one"); // what is not safe can be read
    await reading.sync!(["kept/b"]); // any key of the folder
    await disk.cut(store);
    assertEquals(lost.length, 2);
  });
  assertEquals(await keysOf(store), ["kept/a", "safe/a"]);
  assertEquals(await textAt(store, "safe/a"), "one");
});

Deno.test("a store with more verbs removes, copies and gives URLs", async () => {
  const { store } = createDesk();
  const offering = withVerbs(store, { random: { ...createRandom(1), chance: () => false } });
  await offering.put("a", ONE);
  assertEquals((await offering.copy!("a", "b")).size, 3);
  assertEquals(await offering.deleteMany!(["a", "missing"]), []);
  assertEquals(await keysOf(store), ["b"]);
  const refusing = withVerbs(store, {
    random: { ...createRandom(1), chance: () => true },
    failures: 1,
  });
  assertEquals((await refusing.deleteMany!(["b"])).map(({ key }) => key), ["b"]);
  assertEquals(await keysOf(store), ["b"]);
  assertEquals(
    (await assertRejects(() => offering.copy!("gone", "c"), RegistryError)).code,
    "NotFound",
  );
});

Deno.test("what watches sends tells a record that comes after the deadline, by either clock", async () => {
  const world = createSimulatedSystem(1);
  await world.run(async () => {
    const process = world.process("p");
    const watch = createSendWatch(1_000);
    const create = { verb: "put", mode: "create", key: "names/a/versions/x/1.rec" } as const;
    watch.began();
    assert(!watch.isLate({ verb: "list", key: "names/a/" }, process.system));
    await world.sleep(900);
    assert(!watch.isLate(create, process.system));
    process.pause(600, { monotonic: true }); // the wall clock goes on
    await process.ready();
    assert(watch.isLate(create, process.system));
    watch.isLate({ verb: "put", key: "objects/a/x/y/.alive" }, process.system); // renewed
    assert(!watch.isLate(create, process.system));
    watch.fenced();
    assert(watch.isLate(create, process.system));
    watch.began();
    assert(!watch.isLate(create, process.system));
  });
});
