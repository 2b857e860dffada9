// Processes that save, move, load and list the same files, and are killed. HOLDFAST_ATTACK_ROUNDS
// is the number of rounds, HOLDFAST_ATTACK_SEED the first one.
import { assertEquals } from "@std/assert";
import { TextLineStream } from "./line_stream.ts";
import { realSystem } from "../../../../core/system.ts";
import { LOADS_LATE } from "../../../support/run_deno.ts";
import { partOfRun, seedCount, shareOfRun } from "../../../support/seeds.ts";
import { seededRandom } from "../../../support/scripted_system.ts";
import { type ServerKind, serverTest } from "../../../support/servers/mod.ts";
import { placeOf } from "../../../support/servers/server_store.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { type AttackedPlace, openAttacked } from "./attacked_files.ts";
import type { Attacker } from "./attacker.ts";
import { judge, Saves } from "./judge.ts";

const ROUNDS = seedCount(1, "HOLDFAST_ATTACK_ROUNDS");
const FIRST_SEED = seedCount(1, "HOLDFAST_ATTACK_SEED");
const PROCESSES = 3;
/** The number of starts and kills of each process. */
const LIVES = 2;
/** The largest number of lines that a process prints before its end; a bucket takes longer. */
const MAX_LINES = { disk: 230, bucket: 80 };
const HOUR = 3_600_000;

const share = shareOfRun();
/** In CI each with files on one day, with arrays on the next. */
const PLANS = (["moves", "overwrites", "saves"] as const).flatMap((plan, i) =>
  [false, true].filter((zarr) => share === undefined || zarr === ((i + share) % 2 === 0))
    .map((zarr) => ({ plan, zarr }))
);

for (const { plan, zarr } of PLANS) {
  const name = `killed processes lose no save: ${plan} of ${zarr ? "arrays" : "files"}`;
  Deno.test(`disk: ${name}`, async () => {
    let steps = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
      await using root = await tempRoot();
      const place = { plan, zarr, root: root.path, startedAt: realSystem.now() };
      steps += await attackOnce(place, seed);
    }
    if (ROUNDS > 1) {
      console.log(`${plan} ${zarr ? "zarr" : "files"}: ${ROUNDS} rounds, ${steps} steps`);
    }
  });
}

// MinIO deletes without conditions, so a save during the last request of a move is lost.
const BUCKETS: { kind: ServerKind; plan: AttackedPlace["plan"]; zarr: boolean }[] = [
  { kind: "versitygw", plan: "moves", zarr: false },
  { kind: "versitygw", plan: "overwrites", zarr: false },
  { kind: "versitygw", plan: "saves", zarr: false },
  { kind: "minio", plan: "saves", zarr: false },
  { kind: "minio", plan: "saves", zarr: true },
];
for (const { kind, plan, zarr } of partOfRun(BUCKETS, 4)) {
  const name = `killed processes lose no save in a bucket: ${plan} of ${zarr ? "arrays" : "files"}`;
  serverTest(name, kind, async (server) => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
      const root = { server: placeOf(server), prefix: `${plan}-${zarr}-${seed}` };
      await attackOnce({ plan, zarr, root, startedAt: realSystem.now() }, seed);
    }
  });
}

async function attackOnce(place: AttackedPlace, seed: number): Promise<number> {
  const random = seededRandom(seed);
  const saves = new Saves();
  const mostLines = MAX_LINES[typeof place.root === "string" ? "disk" : "bucket"];
  const livesOf = async (slot: number) => {
    for (let life = 0; life < LIVES; life++) {
      const firstToken = 100_000_000 + ((seed % 100) * 10 + slot) * 100_000 + life * 50_000;
      const own = { ...place, slot, firstToken, seed: Math.floor(random() * 2 ** 31) };
      await liveOnce(own, 30 + Math.floor(random() * (mostLines - 30)), saves);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, (_, slot) => livesOf(slot)));
  const later = { ...place, startedAt: place.startedAt - HOUR };
  assertEquals(await judge(await openAttacked(later), later, saves), [], `seed ${seed}`);
  return saves.steps;
}

/** Runs a process until it has printed some lines, and kills it. */
async function liveOnce(attacker: Attacker, lines: number, saves: Saves): Promise<void> {
  const program = new URL("./attacker.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LOADS_LATE, program, JSON.stringify(attacker)],
    stdout: "piped",
  }).spawn();
  let left = lines;
  const output = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TextLineStream(),
  );
  for await (const line of output) {
    saves.note(attacker.slot, JSON.parse(line));
    if (--left === 0) child.kill("SIGKILL"); // its earlier lines still arrive
  }
  await child.status;
}
