// Attacks process control: random trees of processes that leave their group, session, environment, name, parent and
// pipes; ended by themselves, at a timeout, by an abort, or after their runner was killed. Nothing of a tree may live
// afterwards, and no other process may be ended. `HOLDFAST_PROCESS_ROUNDS` sets how many rounds are run, and
// `HOLDFAST_PROCESS_SEED` the first seed.
import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { runCommand } from "../../../../operators/mod.ts";
import { endLeftCommand } from "../../../../operators/process/left_command.ts";
import { listPids, readStat } from "../../../../operators/process/proc.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { seedCount } from "../../../support/seeds.ts";
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import { makeTree } from "./process_trees.ts";

const ROUNDS = seedCount(5, "HOLDFAST_PROCESS_ROUNDS");
const FIRST = seedCount(1, "HOLDFAST_PROCESS_SEED");

type Attack = (random: Random, root: TempRoot) => Promise<void>;

const ATTACKS: Record<string, Attack> = {
  async "ends by itself"(random, root) {
    const command = makeTree(random, root.path, {
      ...sizeOf(random),
      rootStays: false,
      hidden: "without pipes",
    });
    const { exitCode, error } = await run(random, root, command);
    assertEquals(exitCode, 0, error?.message);
  },
  async "is aborted"(random, root) {
    const options = { ...sizeOf(random), rootStays: true, hidden: "without pipes" } as const;
    const command = makeTree(random, root.path, options);
    const stop = new AbortController();
    const running = run(random, root, command, { signal: stop.signal }).catch((error) =>
      error.message
    );
    await untilReady(root, options.count);
    stop.abort(new Error("enough"));
    assertEquals(await running, "enough");
  },
  async "is aborted while it grows"(random, root) {
    const command = makeTree(random, root.path, {
      ...sizeOf(random),
      rootStays: true,
      hidden: "never",
    });
    const signal = AbortSignal.timeout(random.int(150));
    await run(random, root, command, { signal }).catch((error) =>
      assertEquals(error.name, "TimeoutError")
    );
  },
  async "takes too long"(random, root) {
    const command = makeTree(random, root.path, {
      ...sizeOf(random),
      rootStays: true,
      hidden: "never",
    });
    const { timedOut } = await run(random, root, command, { timeoutMs: 1 + random.int(200) });
    assert(timedOut);
  },
  async "loses its runner"(random, root) {
    const options = { ...sizeOf(random), rootStays: true, hidden: "by session" } as const;
    const command = makeTree(random, root.path, options);
    const note = root.join("note");
    const runner = spawnDeno(`${import.meta.dirname}/killed_runner.ts`, [
      root.path,
      note,
      ...command,
    ], { permissions: ["-A"] });
    await untilReady(root, options.count);
    runner.kill("SIGKILL");
    await runner.output();
    await endLeftCommand(note, realSystem, 100);
  },
};

function sizeOf(random: Random): { count: number } {
  return { count: 2 + random.int(9) };
}

async function run(random: Random, { path }: TempRoot, command: string[], options = {}) {
  const graceMs = random.pick([0, 100]);
  const sampleEveryMs = random.pick([20, Infinity]);
  return await runCommand(command, { cwd: path, graceMs, sampleEveryMs, ...options });
}

async function untilReady(root: TempRoot, count: number): Promise<void> {
  const lines = async () =>
    (await Deno.readTextFile(root.join("ready")).catch(() => "")).split("\n").length - 1;
  while (await lines() < count) await realSystem.sleep(10);
}

/** Processes that work in a folder: what a tree left, whatever else it changed of itself. */
function livingIn(folder: string): string[] {
  return listPids()!.flatMap((pid) => {
    const stat = readStat(pid);
    if (stat === undefined || stat.ended) return [];
    try {
      if (Deno.readLinkSync(`/proc/${pid}/cwd`) !== folder || isKilled(pid)) return [];
      return [`${pid}: ${Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`];
    } catch {
      return [];
    }
  });
}

/** True for a process that dies once the machine lets it run: a SIGKILL waits for it. */
function isKilled(pid: number): boolean {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Array.from(status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm))
    .some(([, signals]) => (BigInt(`0x${signals}`) >> 8n & 1n) === 1n);
}

/** Processes that must live on: an older one, one beside the tree, and a command of the same program. */
async function attackBeside(random: Random, root: TempRoot, attack: Attack): Promise<void> {
  const [beside, elsewhere] = [await tempRoot(), await tempRoot()];
  const start = () =>
    new Deno.Command("sleep", { args: ["600"], cwd: elsewhere.path, stdout: "piped" }).spawn();
  const others = [start()];
  const stop = new AbortController();
  const script = "setsid sleep 600 & sleep 600 & echo > ready; wait";
  const command = runCommand(["bash", "-c", script], { cwd: beside.path, signal: stop.signal })
    .catch(() => {});
  await untilReady(beside, 1);
  const attacking = attack(random, root);
  others.push(start());
  try {
    await withoutHanging("the end of the attack", attacking);
    assertEquals(livingIn(root.path), [], "nothing of the tree lives");
    assertEquals(livingIn(beside.path).length, 3, "the other command lives");
    assertEquals(livingIn(elsewhere.path).length, 2, "the other processes live");
  } finally {
    stop.abort();
    await command;
    for (const living of livingIn(root.path)) {
      try {
        Deno.kill(parseInt(living), "SIGKILL");
      } catch { // it has ended
      }
    }
    for (const other of others) other.kill("SIGKILL");
    await Promise.all(others.map((other) => other.output()));
    await Promise.all([beside.remove(), elsewhere.remove()]);
  }
}

for (const [name, attack] of Object.entries(ATTACKS)) {
  Deno.test({
    name: `nothing of a random tree lives after it ${name}`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      for (let seed = FIRST; seed < FIRST + ROUNDS; seed++) {
        await using root = await tempRoot();
        await attackBeside(createRandom(seed), root, attack).catch((error) => {
          throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
        });
      }
    },
  });
}
