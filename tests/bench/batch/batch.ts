// Batches with and without workers: what the processor is busy with, many small values, large
// files, crashes, and what an entry costs in a very long batch.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createMemoryBackend, localPath, openRegistry } from "../../../mod.ts";
import type { Encoding } from "../../../materializers/mod.ts";
import type { SaveEntry } from "../../../mod.ts";
import { type BatchOptions, createBatch } from "../../../workers/mod.ts";
import { crashing } from "../../workers/made/crashing.ts";
import { BUDGET_MIB, type MemoryReport } from "./memory_process.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";
import { MIB, randomBytes } from "../values.ts";

const run = promisify(execFile);

const ONE_BY_ONE = "no workers, one by one";
const CODECS = ["zstd", "gzip"] as const;

const WAYS: [name: string, options: BatchOptions][] = [
  [ONE_BY_ONE, { workers: 0, concurrency: 1 }],
  ["no workers, 16 at once", { workers: 0 }],
  ["1 worker", { workers: 1 }],
  ["2 workers", { workers: 2 }],
  ["2 workers, all moves", { workers: 2, offload: "always" }],
];

export function createBatchGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const arrayMib = quick ? 4 : 64, arrays = quick ? 4 : 16;
  const values = Array.from({ length: 4 }, (_, seed) => measuredNumbers(seed, arrayMib));
  const small = quick ? 500 : 10_000, files = quick ? 5 : 100;
  const data = join(folder, "data");
  fs.mkdirSync(data);
  for (let i = 0; i < files; i++) fs.writeFileSync(join(data, String(i)), randomBytes(16 * MIB));
  let round = 0;

  const arrayEntries = (compress: Encoding) => () =>
    many(arrays, (i) => ({ value: values[i % values.length], compress }));
  const fileEntries = () => many(files, (i) => ({ value: localPath(join(data, String(i))) }));
  const smallValue = randomBytes(16 * 1024);
  const smallEntries = () => many(small, () => ({ value: smallValue, version: "1.0.0" }));
  const jobs = quick ? 50 : 200;
  const jobMib = quick ? [4] : [4, 16];
  const jobEntries = (numbers: Float32Array, crashes: boolean) => () =>
    many(jobs, (i) => ({
      value: {
        crashing: join(folder, `crash-${round}-${i}`),
        times: crashes && i % 50 === 7 ? 1 : 0,
        data: numbers,
      },
      compress: "zstd",
    }));

  return Promise.resolve({
    measures: [
      ...CODECS.flatMap((codec) =>
        WAYS.map(([way, options]) =>
          save(`${codec}: ${way}`, arrayEntries(codec), options, {
            count: arrays * arrayMib,
            unit: "MiB",
            floor: `${codec}: ${ONE_BY_ONE}`,
          })
        )
      ),
      ...WAYS.slice(1).map(([name, options]) =>
        save(`small: ${name}`, smallEntries, options, {
          count: small,
          unit: "op",
          floor: `small: ${WAYS[1][0]}`,
        })
      ),
      ...WAYS.slice(1).map(([name, options]) =>
        save(`files: ${name}`, fileEntries, options, {
          count: files * 16,
          unit: "MiB",
          floor: `files: ${WAYS[1][0]}`,
        })
      ),
      ...jobMib.flatMap((mib) => {
        const numbers = new Float32Array(mib * MIB / 4);
        const sound = `2 workers, jobs of ${mib} MiB, none crashes`;
        const options = { workers: 2, offload: "always" } as const;
        return [
          save(sound, jobEntries(numbers, false), options, { count: jobs, unit: "op" }),
          save(
            `2 workers, jobs of ${mib} MiB, 1 of 50 crashes its own`,
            jobEntries(numbers, true),
            options,
            {
              count: jobs,
              unit: "op",
              floor: sound,
            },
          ),
        ];
      }),
      ...[quick ? 4 : 20, quick ? 40 : 200].map(memoryOf),
      ...(quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]).map(longBatch),
    ],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });

  function save(
    name: string,
    entries: () => Iterable<SaveEntry>,
    options: BatchOptions,
    rest: Pick<Measure, "count" | "unit" | "floor">,
  ): Measure {
    const run = async () => {
      const path = join(folder, `saved-${round++}`);
      const registry = await openRegistry(path, { durability: "os" });
      registry.materializers.register(crashing);
      const time = await timed(async () => {
        await using batch = createBatch(registry, options);
        for await (const { ok } of batch.saveEach(entries())) {
          if (!ok) throw new Error(`Cannot measure ${name}: it failed`);
        }
      });
      fs.rmSync(path, { recursive: true });
      return time;
    };
    return { name, ...rest, run };
  }

  /** In a process of its own, which says how much memory it ever had. */
  function memoryOf(count: number): Measure {
    let report: MemoryReport | undefined;
    return {
      name:
        `2 workers, a budget of ${BUDGET_MIB} MiB: ${count} arrays of 16 MiB are saved and loaded`,
      count: count * 16,
      unit: "MiB",
      async run() {
        const script = fileURLToPath(new URL("memory_process.ts", import.meta.url));
        const { stdout } = await run(process.execPath, [
          "run",
          "-A",
          script,
          String(count),
          join(folder, "memory"),
        ]);
        report = JSON.parse(stdout);
        return report!.time;
      },
      facts: () => ({ "peak RSS MiB": report!.peakRssMib }),
    };
  }

  function longBatch(count: number): Measure {
    const run = async () => {
      const registry = await openRegistry(createMemoryBackend());
      await using batch = createBatch(registry);
      return await timed(async () => {
        for await (const _ of batch.saveEach(many(count, (i) => ({ value: i, version: "1.0.0" }))));
      });
    };
    return {
      name: `a batch of ${count.toLocaleString("en")} tiny values, in memory`,
      count,
      unit: "op",
      run,
    };
  }
}

function* many(count: number, entry: (i: number) => Omit<SaveEntry, "name">): Generator<SaveEntry> {
  for (let i = 0; i < count; i++) yield { name: `name-${String(i).padStart(7, "0")}`, ...entry(i) }; // in order: a store in memory moves what lies behind
}

/** Numbers as instruments give them: zstd saves little, and works hard for it. */
export function measuredNumbers(seed: number, mib: number): Float32Array {
  const numbers = new Float32Array(mib * MIB / 4);
  let state = seed + 1;
  for (let i = 0; i < numbers.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    numbers[i] = Math.sin(i / 1000) + (state / 2 ** 32 - 0.5) / 100;
  }
  return numbers;
}
