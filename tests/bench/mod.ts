// `deno task bench`: measures the registry on a disk and in buckets, each measure against a raw floor in the same run.
import fs from "node:fs";
import { arch, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { createBatchGroup } from "./batch/batch.ts";
import { createBucketWayGroup, type Way } from "./buckets/as_people_have_them.ts";
import { createBucketsGroup } from "./buckets/buckets.ts";
import { createCallsGroup } from "./calls.ts";
import { createChangedFilesGroup } from "./buckets/changed_files.ts";
import { createChurnGroup } from "./churn.ts";
import { createLatestGroup } from "./many/latest.ts";
import { type BenchSettings, type Group, runGroup } from "./measure.ts";
import { createPipelinesGroup } from "./pipelines.ts";
import { rowsOf, tableOf } from "./report.ts";
import { createServiceGroup } from "./service/service.ts";
import { createSmallGroup } from "./small.ts";

const HELP = `Measures Holdfast on a disk, and in buckets where their groups are named.

  deno task bench [options]

  --only GROUPS    only these, separated by commas
  --quick          a run of seconds, which shows that everything works
  --json           one JSON object a line instead of tables
  --folder PATH    where files go (default: the folder for temporary files)
  --n NUMBER       small operations in one run (default 500)
  --reps NUMBER    how often each measure is run (default 5)

Times and ratios are of the best run; in brackets the ratios of the middle run and of processor time, which says least
about the disk and is least disturbed by other work.

Groups:
`;

interface GroupEntry {
  title: string;
  create(settings: BenchSettings): Promise<Group>;
  maxRepeats?: number;
  named?: boolean;
}

const GROUPS: Record<string, GroupEntry> = {
  calls: { title: "Backend calls of a small value", create: createCallsGroup, maxRepeats: 1 },
  small: { title: "1 KiB", create: createSmallGroup },
  churn: { title: "Automatic versions", create: createChurnGroup },
  latest: { title: "Latest of many versions", create: createLatestGroup },
  service: {
    title: "The service, beside bare handlers that return the same bytes",
    create: createServiceGroup,
  },
  pipelines: {
    title: "Pipelines: trivial steps over a registry on a disk",
    create: createPipelinesGroup,
  },
  queues: {
    title: "A queue on Redis, beside BullMQ alone",
    create: async (settings) => (await import("./queues.ts")).createQueuesGroup(settings),
    named: true,
  },
  engines: {
    title: "Engines: trivial steps by the command line, with its start, two at once",
    create: async (settings) => (await import("./engines.ts")).createEnginesGroup(settings),
    maxRepeats: 3,
    named: true,
  },
  shards: {
    title: "A step with many shards, by the command line",
    create: async (settings) => (await import("./engines.ts")).createShardsGroup(settings),
    maxRepeats: 1,
    named: true,
  },
  batch: {
    title: "Batches: 64 MiB arrays compressed, 16 KiB values, 16 MiB files, crashes, length",
    create: createBatchGroup,
  },
  uploads: {
    title: "Uploads over HTTP, into a service over a registry on a disk",
    create: async (settings) => (await import("./service/uploads.ts")).createUploadsGroup(settings),
    maxRepeats: 1,
    named: true,
  },
  pairs: {
    title: "The second version of eight pairs, beside restic; of 1 GiB in a bucket, beside s5cmd",
    create: async (settings) => (await import("./pairs.ts")).createPairsGroup(settings),
    maxRepeats: 3,
    named: true,
  },
  minio: {
    title: "Buckets: MinIO",
    create: createBucketsGroup,
    maxRepeats: 3,
    named: true,
  },
  bucket_plain: bucket("HTTP on this machine", { tls: false, roundTripMs: 0 }),
  bucket_tls: bucket("TLS on this machine", { tls: true, roundTripMs: 0 }),
  changed_tls: changed("TLS on this machine", { tls: true, roundTripMs: 0 }),
  changed_far: changed("TLS and a round trip of 30 ms", { tls: true, roundTripMs: 30 }),
  bucket_far: bucket("TLS and a round trip of 30 ms", { tls: true, roundTripMs: 30 }),
};

function changed(title: string, way: Way): GroupEntry {
  return {
    title: `A changed file in a bucket, ${title}`,
    create: (settings) => createChangedFilesGroup(way, settings),
    named: true,
  };
}

function bucket(title: string, way: Way): GroupEntry {
  return {
    title: `A bucket: MinIO beside s5cmd, ${title}`,
    create: (settings) => createBucketWayGroup(way, settings),
    maxRepeats: 3,
    named: true,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: {
        type: "string",
        default: Object.keys(GROUPS).filter((name) => !GROUPS[name].named).join(","),
      },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      folder: { type: "string", default: tmpdir() },
      n: { type: "string" },
      reps: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const groups = Object.entries(GROUPS).map(([name, { title }]) => `  ${name.padEnd(16)} ${title}`)
    .join("\n");
  if (values.help) return console.log(HELP + groups);
  const operations = Number(values.n ?? (values.quick ? 50 : 500));
  const repeats = Number(values.reps ?? (values.quick ? 2 : 5));

  const machine = describeMachine(values.folder);
  console.log(
    values.json
      ? JSON.stringify({ group: "machine", ...machine })
      : `${Object.values(machine).join(", ")}\n`,
  );
  for (const name of values.only.split(",")) {
    const entry = GROUPS[name];
    if (entry === undefined) {
      throw new Error(`Cannot measure "${name}": there is no such group\n${groups}`);
    }
    const folder = fs.mkdtempSync(join(values.folder, "holdfast-bench-"));
    try {
      const group = await entry.create({ folder, operations, repeats, quick: values.quick });
      const samples = await runGroup(group, Math.min(repeats, entry.maxRepeats ?? repeats));
      await group[Symbol.asyncDispose]();
      const rows = rowsOf(name, samples);
      if (values.json) { for (const row of rows) console.log(JSON.stringify(row)); }
      else console.log(tableOf(entry.title, rows));
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

function describeMachine(folder: string): Record<string, string> {
  const [load] = loadavg();
  return {
    runtime: `Deno ${Deno.version.deno}`,
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? arch()}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    folder,
    load: `load ${load.toFixed(1)} before`,
  };
}

if (import.meta.main) {
  await main();
  process.exit(0);
}
