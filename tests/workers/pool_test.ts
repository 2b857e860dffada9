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

/** Uses a worker until it is told to leave it. */
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

Deno.test("a pool starts a worker when a place is taken, and keeps it for the next", async () => {
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

Deno.test("workers without work end after a while, and start again for the next", async () => {
  await using root = await tempRoot();
  const { system, wake } = createHeldSleep();
  const pool = poolIn(root.path, { system });
  const first = await take(pool.slots[0]);
  wake();
  await first.channel.call("ping", undefined);
  assertEquals(pool.running, 1, "it has work");
  await first.leave();
  assertEquals(pool.running, 1, "it may get more");
  wake();
  await until(() => pool.running === 0);
  const second = await take(pool.slots[0]);
  assert(second.channel !== first.channel);
  await second.channel.call("ping", undefined);
  await second.leave();
  wake();
  await until(() => pool.running === 0);
});

Deno.test("a pool that is closed fails what is under way and starts no more", async () => {
  await using root = await tempRoot();
  const pool = poolIn(root.path);
  const { channel } = await take(pool.slots[0]);
  await pool.close();
  for (
    const call of [
      () => channel.call("ping", undefined),
      () => take(pool.slots[1]),
      () => pool.alone(() => Promise.resolve()),
    ]
  ) {
    const error = await assertRejects(call);
    assert(
      isRegistryError(error, "TaskFailed") && !(error instanceof WorkerLost),
      "it is not to be tried again",
    );
  }
  assertEquals(pool.running, 0);
});

Deno.test("where no worker can open the store there are no places from then on", async () => {
  await using root = await tempRoot();
  const pool = poolIn(root.path, { module: "file:///nowhere/backend.ts" });
  const error = await assertRejects(() => take(pool.slots[0]));
  assert(error instanceof WorkerLost && error.message.includes("it did not start"));
  assertEquals([pool.slots, pool.running], [[], 0]);
});

Deno.test("a worker that hangs is ended once it was silent for so long, one that works is not", async () => {
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
  const job = {
    cached: false,
    ref: "a",
    recordKey: "k",
    files: [],
    verify: "none",
    info: {},
    materializer: spin,
  };
  const loading = assertRejects(() => channel.call("run", { run: 1, kind: "loadValue", job }));
  await until(() => pool.running === 0, wake);
  const error = await loading;
  assert(error instanceof WorkerLost && error.message.includes("said nothing"), String(error));
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

for (
  const [sentence, ending, says] of [
    [
      "a program that forgets its batch exits by itself",
      "console.log((await batch.saveMany(entries)).succeeded.length, batch.running > 0);",
      "4 true\n",
    ],
    [
      "a program that disposes its batch in the middle exits by itself, and says that nothing was finished",
      "const saving = batch.saveMany(entries, { concurrency: 4 }); setTimeout(async () => { await batch[Symbol.asyncDispose]();" +
      " const { results } = await saving; console.log(results.length, batch.running); }, 30);",
      "4 0\n",
    ],
  ]
) {
  Deno.test(sentence, async () => {
    await using root = await tempRoot();
    await Deno.writeTextFile(root.join("program.ts"), PROGRAM(ending));
    const ran = await runDeno(root.join("program.ts"), [root.join("reg")], { permissions: ["-A"] });
    assertEquals([ran.code, ran.stdout], [0, says], ran.stderr);
  });
}

Deno.test("without permission for workers everything is done on the caller's thread", async () => {
  await using root = await tempRoot();
  const ending =
    "const { failed } = await batch.saveMany(entries); console.log(failed.length, batch.running, " +
    "(await batch.loadMany(['n1', 'n2'])).failed.length);";
  await Deno.writeTextFile(root.join("program.ts"), PROGRAM(ending));
  const permissions = [`--allow-read=${root.join("reg")}`, `--allow-write=${root.join("reg")}`];
  const ran = await runDeno(root.join("program.ts"), [root.join("reg")], { permissions });
  assertEquals([ran.code, ran.stdout], [0, "0 0 0\n"], ran.stderr);
});
