// Random schedules of processes that save and move files of one folder, at every step of each
// other, and die there. HOLDFAST_SEEDS is their number.
import { assertEquals } from "@std/assert";
import fs from "node:fs";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileStore } from "../../../core/file_store.ts";
import { realSystem } from "../../../core/system.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { fsError, withPatchedFs } from "../../backends/patched_fs.ts";
import { createScriptedSystem, seededRandom } from "../../support/scripted_system.ts";
import { seedCount } from "../../support/seeds.ts";
import { testInRoot } from "../../support/temp_root.ts";

const SEEDS = Math.min(seedCount(100), 5000);
const STEPS = 25;
const CALLS = [
  "mkdirSync",
  "writeFileSync",
  "renameSync",
  "linkSync",
  "unlinkSync",
  "rmdirSync",
] as const;
const HOUR = 3_600_000;

interface Save {
  path: string;
  /** A count of events. */
  begun: number;
  acknowledged?: number;
}

testInRoot(`${SEEDS} schedules of saves and moves lose nothing`, async (root) => {
  let deaths = 0, moves = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const path = root.join(`${seed}`);
    const { saves, ...counts } = await simulate(path, seed);
    deaths += counts.deaths;
    moves += counts.moves;
    const system = { ...realSystem, now: () => realSystem.now() + HOUR };
    const after = createLocalFiles({ root: path, system });
    const found = new Set<string>();
    for await (const entry of after.list("")) {
      const token = new TextDecoder().decode(await (await after.open(entry.path)).bytes());
      found.add(token);
    }
    const lost = [...saves].filter(([token, { path, begun, acknowledged }]) => {
      if (acknowledged === undefined || found.has(token)) return false;
      const others = [...saves].filter(([other, save]) => other !== token && save.path === path);
      return !others.some(([, { acknowledged = Infinity }]) => acknowledged > begun);
    });
    assertEquals(lost, [], `seed ${seed}: acknowledged, and gone`);
    fs.rmSync(path, { recursive: true });
  }
  assertEquals([deaths > 0, moves > SEEDS], [true, true], "the schedules are empty");
});

async function simulate(
  root: string,
  seed: number,
): Promise<{ saves: Map<string, Save>; deaths: number; moves: number }> {
  const random = seededRandom(seed);
  const saves = new Map<string, Save>();
  const { id } = createScriptedSystem({ seed });
  const stores = [1, 2, 3].map(() => createLocalFiles({ root, system: { ...realSystem, id } }));
  const pending: Promise<unknown>[] = [];
  let now = 0, deaths = 0, moves = 0, tokens = 0, depth = 0;
  let current = { isDead: false };
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];

  async function save(files: FileStore): Promise<void> {
    const token = `${++tokens}`;
    const isNew = random() < 0.4;
    const path = isNew ? `new ${token}` : pick(["s1", "s2"]);
    const own: Save = { path, begun: now++ };
    saves.set(token, own);
    const mode = isNew ? "create" : "overwrite";
    await files.write(path, new TextEncoder().encode(token), { mode });
    own.acknowledged = now++;
  }

  async function move(files: FileStore): Promise<void> {
    const saved = [...saves.values()].map(({ path }) => path);
    const from = pick(["s1", "s2", ...saved, "t1", "t2", "t3"]);
    await files.move(from, pick(["t1", "t2", "t3", `t ${now}`]));
    moves++;
  }

  /** Runs a call of a process, inside another one up to its first wait. */
  function begin(): void {
    const before = current;
    current = { isDead: false };
    depth++;
    const files = pick(stores);
    const call = random() < 0.4 ? save(files) : random() < 0.9 ? move(files) : files.stat("t1");
    pending.push(call.catch((error) => {
      if (!isRegistryError(error, "NotFound", "AlreadyExists", "Conflict", "Unavailable")) {
        throw error;
      }
    }));
    depth--;
    current = before;
  }

  await withPatchedFs(
    (real) =>
      Object.fromEntries(CALLS.map((name) => [name, (...args: unknown[]) => {
        if (depth > 0 && random() < 0.02) [current.isDead, deaths] = [true, deaths + 1];
        if (current.isDead) throw fsError("EIO");
        const result = (real[name] as (...args: unknown[]) => unknown)(...args);
        if (depth < 3 && random() < 0.2) begin();
        return result;
      }])),
    async () => {
      for (let step = 0; step < STEPS; step++) {
        begin();
        for (let done = 0; done < pending.length; done++) await pending[done];
        pending.length = 0;
      }
    },
  );
  return { saves, deaths, moves };
}
