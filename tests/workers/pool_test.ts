import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { isRegistryError } from "../../core/errors.ts";
import { realSystem, type System } from "../../core/system.ts";
import { type Slot, WorkerLost, WorkerPool } from "../../workers/pool.ts";
import type { Channel } from "../../workers/channel.ts";
import type { WorkerMethods } from "../../workers/protocol.ts";
import { runDeno } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import { createHeldSleep, until } from "./held_sleep.ts";

const STUCK_AFTER_MS = 60_000;

interface PoolSettings {
  workers?: number;
  module?: string;
  system?: System;
}

function poolIn(path: string, settings: PoolSettings = {}): WorkerPool {
  const { workers = 2, system = realSystem } = settings;
  const descriptor = createLocalBackend({ path, durability: "os" }).reopen!;
  const { module = descriptor.module } = settings;
  return new WorkerPool({
    workers,
    idleMs: 60_000,
    stuckAfterMs: STUCK_AFTER_MS,
    descriptor: { ...descriptor, module },
    methods: {},
    system,
  });
}

/** Uses a worker until `leave` is called. */
async function take(slot: Slot) {
  const got = Promise.withResolvers<{ channel: Channel<WorkerMethods>; leave(): Promise<void> }>();
  const left = Promise.withResolvers<void>();
  const used = slot.use(async (channel) => {
    const leave = async () => {
      left.resolve();
      await used;
    };
    got.resolve({ channel, leave });
    await left.promise;
  });
  used.catch(got.reject);
  return await got.promise;
}

Deno.test("a pool starts a worker for a slot and keeps it", async () => {
  await using root = await tempRoot();
  const pool = poolIn(root.path);
  assertEquals([pool.running, pool.slots.map(({ running }) => running)], [0, [false, false]]);
  const one = await take(pool.slots[0]);
  assertEquals([pool.running, pool.slots.map(({ running }) => running)], [1, [true, false]]);
  const two = await take(pool.slots[0]);
  assertEquals(two.channel, one.channel);
  assertEquals(pool.running, 1);
  await one.leave();
  await two.leave();
  assertEquals((await take(pool.slots[0])).channel, one.channel);
  await pool.close();
  assertEquals(pool.running, 0);
});

Deno.test("idle workers end and start again on demand", async () => {
  await using root = await tempRoot();
  const { system, wake } = createHeldSleep();
  const pool = poolIn(root.path, { system });
  const first = await take(pool.slots[0]);
  wake();
  await first.channel.call("ping", undefined);
  assertEquals(pool.running, 1, "busy");
  await first.leave();
  assertEquals(pool.running, 1, "not idle for long enough");
  wake();
  await until(() => pool.running === 0);
  const second = await take(pool.slots[0]);
  assert(second.channel !== first.channel);
  await second.channel.call("ping", undefined);
  await second.leave();
  wake();
  await until(() => pool.running === 0);
});

Deno.test("a closed pool fails running jobs and starts no workers", async () => {
  await using root = await tempRoot();
  const pool = poolIn(root.path);
  const { channel } = await take(pool.slots[0]);
  await pool.close();
  const calls: (() => Promise<unknown>)[] = [
    () => channel.call("ping", undefined),
    () => take(pool.slots[1]),
    () => pool.alone(() => Promise.resolve()),
  ];
  for (const call of calls) {
    const error = await assertRejects(call);
    assert(isRegistryError(error, "TaskFailed") && !(error instanceof WorkerLost)); // no repeat
  }
  assertEquals(pool.running, 0);
});

Deno.test("a pool has no slots if workers cannot open the store", async () => {
  await using root = await tempRoot();
  const pool = poolIn(root.path, { module: "file:///nowhere/backend.ts" });
  const error = await assertRejects(() => take(pool.slots[0]));
  assert(error instanceof WorkerLost && error.message.includes("it cannot start"));
  assertEquals([pool.slots, pool.running], [[], 0]);
});

Deno.test("a hung worker is ended, a busy one is not", async () => {
  await using root = await tempRoot();
  const { system, wake } = createHeldSleep();
  const pool = poolIn(root.path, { workers: 1, system });
  const { channel } = await take(pool.slots[0]);
  for (let i = 0; i < 20; i++) {
    wake();
    await channel.call("ping", undefined);
  }
  assertEquals(pool.running, 1);
  const spin = { module: new URL("./made/spinning.ts", import.meta.url).href, name: "spinning" };
  const read = { cached: false, ref: "a", recordKey: "k", files: [], verify: "none", info: {} };
  const job = { ...read, materializer: spin };
  const loading = assertRejects(() => channel.call("run", { run: 1, kind: "loadValue", job }));
  await until(() => pool.running === 0, wake);
  const error = await loading;
  assert(error instanceof WorkerLost && error.message.includes("did not respond"), String(error));
  assertEquals(pool.running, 0);
});

const PROGRAM = (ending: string) => `
  import { openRegistry } from "${new URL("../../mod.ts", import.meta.url)}";
  import { createBatch } from "${new URL("../../workers/mod.ts", import.meta.url)}";
  const registry = await openRegistry(Deno.args[0], { durability: "os" });
  const batch = createBatch(registry, { workers: 2, offload: "always", idleMs: 300 });
  const entries = [0, 1, 2, 3].map((k) => ({ name: "n" + k, value: new Float32Array(300_000).fill(k) }));
  ${ending}
`;

const PROGRAMS: Record<string, [ending: string, stdout: string, isLimited?: boolean]> = {
  "a program that does not dispose its batch exits": [
    "console.log((await batch.saveMany(entries)).succeeded.length, batch.running > 0);",
    "4 true\n",
  ],
  "a program that disposes its batch during a save exits": [
    `const saving = batch.saveMany(entries, { concurrency: 4 });
    setTimeout(async () => {
      await batch[Symbol.asyncDispose]();
      console.log((await saving).results.length, batch.running);
    }, 30);`,
    "4 0\n",
  ],
  "without permission for workers, jobs run on the caller's thread": [
    `const { failed } = await batch.saveMany(entries);
    const loaded = await batch.loadMany(["n1", "n2"]);
    console.log(failed.length, batch.running, loaded.failed.length);`,
    "0 0 0\n",
    true,
  ],
};

for (const [name, [ending, stdout, isLimited]] of Object.entries(PROGRAMS)) {
  Deno.test(name, async () => {
    await using root = await tempRoot();
    await Deno.writeTextFile(root.join("program.ts"), PROGRAM(ending));
    const limited = [`--allow-read=${root.join("reg")}`, `--allow-write=${root.join("reg")}`];
    const permissions = isLimited ? limited : ["-A"];
    const ran = await runDeno(root.join("program.ts"), [root.join("reg")], { permissions });
    assertEquals([ran.code, ran.stdout], [0, stdout], ran.stderr);
  });
}
