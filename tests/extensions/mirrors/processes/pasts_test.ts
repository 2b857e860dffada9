// `HOLDFAST_PAST_ROUNDS` sets the number of rounds, `HOLDFAST_PAST_SEED` the first seed. A round
// starts 12 programs and takes some seconds. CI plays one a day, on an immutable and on a mutable
// registry by turns; other runs play one of each.
import { assert, assertEquals } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import type { Backend } from "../../../../core/backend.ts";
import { isRegistryError } from "../../../../core/errors.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { createLocalBackend, openRegistry, readLog, type StoredRegistry } from "../../../../mod.ts";
import { parseCellKey } from "../../../../registry/format/layout.ts";
import { truthOf } from "../../../simulate/checks/check_pasts.ts";
import { createLedger, type Ledger } from "../../../simulate/ledger.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { seedCount, shareOfRun } from "../../../support/seeds.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { withAge } from "../../../registry/with_age.ts";

const share = shareOfRun();
const ROUNDS = seedCount(share === undefined ? 2 : 1, "HOLDFAST_PAST_ROUNDS");
const FIRST_SEED = seedCount(1 + (share ?? 0), "HOLDFAST_PAST_SEED");
const WEEK_MS = 7 * 24 * 3_600_000;
const QUESTIONS = 50;
const REFS = ["latest", "^1", "1.0.0", "2.0.0", "live", "old"];
const ignore = process.versions.deno === undefined;

interface Landed {
  key: string;
  bytes: Uint8Array;
}

interface Round {
  path: string;
  mirrorPath: string;
  journals: string;
  landed: Landed[];
  isMutable: boolean;
  seed: number;
}

Deno.test({
  name: `asOf is right after ${ROUNDS} rounds of programs that are killed`,
  ignore,
  async fn() {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
      const root = await tempRoot();
      try {
        const paths = {
          path: root.join("registry"),
          mirrorPath: root.join("mirror"),
          journals: root.join("journal"),
          landed: [],
        };
        await play({ ...paths, isMutable: seed % 2 === 0, seed });
      } finally {
        await root.remove();
      }
    }
  },
});

async function play(round: Round): Promise<void> {
  const random = createRandom(round.seed);
  const options = { mutable: round.isMutable, cache: false } as const;
  for (const path of [round.path, round.mirrorPath]) {
    await openRegistry(createLocalBackend({ path }), options);
  }
  const ended = await Promise.all([
    runProgram(round, random.fork(), { role: "writer", steps: 60 }),
    runProgram(round, random.fork(), { role: "writer", steps: 60 }),
    runProgram(round, random.fork(), { role: "keeper", steps: 12 }),
    runProgram(round, random.fork(), { role: "keeper", steps: 12 }),
  ]);
  assert(ended.flat().includes("done"), "no step of any program succeeded");
  const open = (path: string) => openRegistry(createLocalBackend({ path }), options);
  const from = await open(round.path), to = await open(round.mirrorPath);
  const ledger = timeline(round);
  const { failures } = await mirrorRegistry(from, to);
  assertEquals(failures, [], `seed ${round.seed}`);
  for (let collections = 0; collections < 3; collections++) {
    for (const registry of [from, to]) await askAll(registry, ledger, { random, seed: round.seed });
    assertEquals(await changes(to), await changes(from), `seed ${round.seed}: the logs differ`);
    for (
      const path of random.chance(0.5)
        ? [round.path, round.mirrorPath]
        : [round.mirrorPath, round.path]
    ) {
      await collectGarbage(
        await openRegistry(withAge(createLocalBackend({ path }), WEEK_MS), options),
      );
    }
  }
}

/** Runs a program repeatedly and kills it at times. Returns the results of its steps. */
async function runProgram(
  { path, mirrorPath, journals, landed, isMutable, seed }: Round,
  random: Random,
  { role, steps }: { role: string; steps: number },
): Promise<string[]> {
  const all: string[] = [];
  for (let life = 0; life < 3; life++) {
    const own = `${seed}${random.int(1_000_000)}`;
    const journal = `${journals}.${own}`;
    const args = [
      role,
      path,
      mirrorPath,
      journal,
      own,
      String(steps),
      isMutable ? "mutable" : "immutable",
    ];
    const program = watchProcess(
      spawnDeno("tests/extensions/mirrors/processes/live_past.ts", args, { permissions: ["-A"] }),
    );
    if (random.chance(0.6)) {
      await program.lines(random.int(steps - 2));
      program.signal("SIGKILL");
    }
    const { code, signal, stdout, stderr } = await program.ended;
    assert(signal === "SIGKILL" || code === 0, stderr);
    landed.push(...await readJournal(journal, path));
    all.push(...stdout.split("\n").slice(0, -1));
  }
  return all;
}

/** Reads what a program created. Operations in flight are looked up before they are collected. */
async function readJournal(journal: string, path: string): Promise<Landed[]> {
  const sent = new Map<string, { key: string; text: string; landed?: boolean }>();
  for (
    const line of existsSync(journal) ? readFileSync(journal, "utf8").split("\n").slice(0, -1) : []
  ) {
    const { id, ...entry } = JSON.parse(line);
    sent.set(id, { ...sent.get(id), ...entry });
  }
  const backend = createLocalBackend({ path });
  const found: Landed[] = [];
  for (const { key, text, landed } of sent.values()) {
    const bytes = new TextEncoder().encode(text);
    if (landed ?? await isThere(backend, key, bytes)) found.push({ key, bytes });
  }
  return found;
}

/** The timeline, in the form of the simulation. */
function timeline({ landed }: Round): Ledger {
  const generationOf = (key: string) => parseCellKey(key)!.generation;
  const ledger = createLedger(Infinity);
  landed.sort((a, b) => generationOf(a.key) - generationOf(b.key)).forEach(({ key, bytes }, n) =>
    ledger.apply({
      order: n + 1,
      at: 0,
      actor: "program",
      verb: "put",
      mode: "create",
      key,
      bytes,
      written: true,
    })
  );
  return ledger;
}

/** Returns true if this record, or its scrubbed form, is in the store. */
async function isThere(backend: Backend, key: string, bytes: Uint8Array): Promise<boolean> {
  const object = await backend.get(key);
  const commit = (of: Uint8Array) => /"commit":"([^"]+)"/.exec(new TextDecoder().decode(of))![1];
  return object !== undefined && commit(await object.bytes()) === commit(bytes);
}

async function askAll(
  registry: StoredRegistry,
  ledger: Ledger,
  { random, seed }: { random: Random; seed: number },
): Promise<void> {
  const moments = [...ledger.cells.values()].flatMap(({ landings }) =>
    landings.map(({ record }) => Date.parse(record.createdAt))
  );
  for (let n = 0; n < QUESTIONS; n++) {
    const ref = random.pick(REFS), asOf = new Date(random.pick(moments) + random.int(3) - 1);
    const { meant, lost } = truthOf({ ledger, until: Infinity }, { name: "a", ref, asOf });
    const about = `seed ${seed}: a@${ref} as of ${asOf.toISOString()} in ${registry.location}`;
    try {
      const { version, createdAt } = await registry.info(ref === "latest" ? "a" : `a@${ref}`, {
        asOf,
      });
      assert(meant !== undefined, `${about} is ${version}, and there was none`);
      assertEquals([version, createdAt], [
        meant.place.version!.canonical,
        new Date(meant.record.createdAt),
      ], about);
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
      assert(meant === undefined || lost, `${about}: ${error.message}, and it is there still`);
    }
  }
}

/** Returns the log of a registry, without commits and sizes, which mirrors have of their own. */
async function changes(registry: StoredRegistry): Promise<string[]> {
  const entries = await Array.fromAsync(readLog(registry, "a"));
  return entries.map(({ at, event, version, alias }) =>
    [at.toISOString(), event, version, alias].join(" ")
  ).sort();
}
