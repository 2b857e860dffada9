// Batches on a real server, with and without workers: many small values, and files of 16 MiB beside
// `s5cmd`.
import fs from "node:fs";
import { join } from "node:path";
import { localPath, openRegistry } from "../../../mod.ts";
import type { BatchOutcome } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import type { Batch, BatchOptions } from "../../../workers/mod.ts";
import { createServerStore } from "../../servers/server_world.ts";
import { startServer } from "../../support/servers/mod.ts";
import type { ServerKind } from "../../support/servers/mod.ts";
import { timed } from "../measure.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { findS5cmd } from "./s5cmd.ts";
import { MIB, randomBytes } from "../values.ts";

const WAYS: [name: string, options: BatchOptions][] = [
  ["no workers", { workers: 0 }],
  ["1 worker", { workers: 1 }],
  ["2 workers", { workers: 2 }],
];

/** Saves, loads and downloads of one batch each, on a server of this kind, which is started for them. */
export async function createBucketBatchesGroup(
  kind: ServerKind,
  settings: BenchSettings,
): Promise<Group> {
  const { folder, quick } = settings;
  const server = await startServer(kind);
  const small = quick ? 200 : 10_000, files = quick ? 4 : 100;
  const source = join(folder, "source"), target = join(folder, "target");
  fs.mkdirSync(source);
  for (let i = 0; i < files; i++) fs.writeFileSync(join(source, `${i}.bin`), randomBytes(16 * MIB));
  const value = randomBytes(16 * 1024);
  const store = createServerStore(server, {});
  const registry = await openRegistry(createServerStore(server, { prefix: "registry" }), {
    cache: false,
  });
  const s5cmd = findS5cmd(server);
  let round = 0;

  const bySmall =
    (name: string) =>
    (way: string, options: BatchOptions, run: (batch: Batch) => Outcomes): Measure => ({
      name: `${kind}, ${name} 16 KiB, ${way}`,
      count: small,
      unit: "op",
      floor: `${kind}, ${name} 16 KiB, ${WAYS[0][0]}`,
      run: () => each(options, run),
    });
  const byFile =
    (name: string, s5: string) =>
    (way: string, options: BatchOptions, run: (batch: Batch) => Outcomes) => ({
      ...large(`${name} 16 MiB, ${way}`, () => each(options, run)),
      floor: s5cmd === undefined ? `${kind}, ${name} 16 MiB, ${WAYS[0][0]}` : `${kind}, ${s5}`,
    });
  const saveSmall = bySmall("save"), loadSmall = bySmall("load");
  const saveFiles = byFile("save", "s5cmd: up"), downloadFiles = byFile("download", "s5cmd: down");

  return {
    measures: [
      ...WAYS.map(([way, options]) =>
        saveSmall(
          way,
          options,
          (batch) => batch.saveEach(many(small, () => value, `${++round}.0.0`)),
        )
      ),
      ...WAYS.map(([way, options]) =>
        loadSmall(way, options, (batch) => batch.loadEach(refs(small), { version: `${round}` }))
      ),
      ...(s5cmd
        ? [large("s5cmd: up", () => s5cmd("cp", `${source}/*`, `s3://${server.bucket}/s5/`))]
        : []),
      ...WAYS.map(([way, options]) =>
        saveFiles(
          way,
          options,
          (batch) =>
            batch.saveEach(
              many(files, (i) => localPath(join(source, `${i}.bin`)), `${++round}.0.0-file`),
            ),
        )
      ),
      ...(s5cmd
        ? [large("s5cmd: down", () => s5cmd("cp", `s3://${server.bucket}/s5/*`, `${target}-s5/`))]
        : []),
      ...WAYS.map(([way, options]) =>
        downloadFiles(way, options, (batch) =>
          batch.downloadEach(
            [...refs(files)].map((ref, i) => ({
              ref,
              version: `${round}.0.0-file`,
              to: join(target, `${i}.bin`),
              overwrite: true,
            })),
          ))
      ),
      {
        name: `${kind}, (what was saved is removed)`,
        count: 1,
        unit: "op",
        run: () => timed(clear),
      },
    ],
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };

  function large(name: string, run: () => Promise<Timing>): Measure {
    return { name: `${kind}, ${name}`, count: files * 16, unit: "MiB", run };
  }

  async function each(options: BatchOptions, run: (batch: Batch) => Outcomes): Promise<Timing> {
    return await timed(async () => {
      await using batch = createBatch(registry, { concurrency: 32, ...options });
      for await (const outcome of run(batch)) if (!outcome.ok) throw outcome.error;
    });
  }

  /** The disk is not filled round by round. */
  async function clear(): Promise<void> {
    const keys: string[] = [];
    for (const part of ["objects", "names"]) {
      for await (const entry of store.list(`registry/${part}/`)) {
        if ("key" in entry) keys.push(entry.key);
      }
    }
    await store.deleteMany!(keys);
    for (const path of [target, `${target}-s5`]) fs.rmSync(path, { recursive: true, force: true });
  }
}

type Outcomes = AsyncIterable<BatchOutcome<unknown>>;

function* refs(count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield `name-${i}`;
}

function* many(count: number, value: (i: number) => unknown, version: string) {
  let i = 0;
  for (const name of refs(count)) yield { name, value: value(i++), version };
}
