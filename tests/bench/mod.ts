// `deno task bench`: measures the registry on a disk and in buckets, each measure against a raw floor in the same run.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { arch, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { BATCH_GROUPS } from "./batch/groups.ts";
import { createBucketWayGroup, type Way } from "./buckets/as_people_have_them.ts";
import { createBucketsGroup } from "./buckets/buckets.ts";
import { createCallsGroup } from "./calls.ts";
import { COST_GROUPS } from "./costs/groups.ts";
import { createChangedFilesGroup } from "./buckets/changed_files.ts";
import { NAMES_GROUP } from "./many/names_group.ts";
import { createChurnGroup } from "./churn.ts";
import { createLatestGroup } from "./many/latest.ts";
import {
  createLargeBucketGroup,
  createLargeFolderGroup,
  createStagesGroup,
} from "./large/large.ts";
import { type GroupEntry, runGroup } from "./measure.ts";
import { createRulesGroup } from "./many/rules.ts";
import { createPipelinesGroup } from "./pipelines.ts";
import { PYTHON_GROUPS } from "./python/groups.ts";
import { writeSection } from "./page.ts";
import { rowsOf, tableOf } from "./report.ts";
import { createRunsGroup } from "./runs.ts";
import { TRACKING_GROUPS } from "./service/tracking_groups.ts";
import { createServiceGroup } from "./service/service.ts";
import { createSmallGroup } from "./small.ts";

const HELP = `Measures Holdfast on a disk, and in buckets where their groups are named.

  deno task bench [options]

  --only GROUPS    only these, separated by commas
  --quick          a run of seconds, which shows that everything works
  --json           one JSON object a line instead of tables
  --write FILE     also write the tables into FILE, such as docs/performance.md; without --only, those of that page
  --folder PATH    where files go (default: the folder for temporary files)
  --n NUMBER       small operations in one run (default 500), or the size of a registry
  --versions NUMBER  versions of each name in the groups "nights" (default 1)
  --reps NUMBER    how often each measure is run (default 5)
  --mib NUMBER     the size of a large file, MiB (default 4096)

Times and ratios are of the best run; in brackets the ratios of the median run and of processor time, which other work
affects least, and which excludes the disk.

Groups:
`;

/** A folder whose files are in memory, which a section names. */
const IN_MEMORY = "/dev/shm";

const GROUPS: Record<string, GroupEntry> = {
  calls: { title: "Backend calls of a small value", create: createCallsGroup, maxRepeats: 1 },
  ...COST_GROUPS,
  small: {
    title: "Saves and loads of 1 KiB in a folder",
    about: "The floor is what any program must do: for a save, make a folder, write, link and " +
      "unlink a file; for a load, read a file, compute SHA-256 and parse JSON.",
    create: createSmallGroup,
  },
  churn: { title: "Automatic versions", create: createChurnGroup },
  latest: { title: "Latest of many versions", create: createLatestGroup },
  service: {
    title: "The service, compared with presigned URLs of MinIO",
    about:
      "20 connections get the same bytes from `holdfast serve` over a folder and from MinIO. " +
      "The load generator uses processors of the same machine. `two processes` are " +
      "those of `--processes 2`; Linux spreads the connections over them.",
    create: createServiceGroup,
  },
  runs: {
    title: "Runs: 1,000,000 points of three values, in a folder",
    about: "The floor makes the same lines of JSON and keeps them in memory.",
    create: createRunsGroup,
    maxRepeats: 3,
    named: true,
  },
  many: once(
    "Retention rules over 1,000,000 versions",
    "A dry run of `prune` by a rule that keeps 30 of 100 versions of each name, in a folder, " +
      "without a cache. The report lists every version to delete, and the versions of one name " +
      "are in memory together. The benchmark writes the records itself, as saves would. " +
      "[What requests cost](costs.md) counts the requests of `prune`.",
    createRulesGroup,
  ),
  files_each: once(
    "One version of many files in a folder, each operation in a process",
    "`--n` files of 100 bytes with the paths of ImageNet-1k, in a folder on a disk. Services and " +
      "their clients are in the same process, and have just started.",
    async (all) => (await import("./costs/many_files.ts")).createOneVersionGroup(all),
  ),
  nights: nights("disk"),
  nights_minio: nights("MinIO"),
  nights_listings: once(
    "Time and memory over generated listings",
    "A store computes the listings and records of `--n` names with one version each; tables are " +
      "in a folder. The time and memory of this store are included.",
    async (all) => (await import("./many/nights.ts")).createNightsGroup(all, "listings"),
  ),
  names: NAMES_GROUP,
  search: once(
    "The search index of a service",
    "Generated records of names with ten versions, in a store that computes each answer, which " +
      "takes most of the first reading. Each process has a heap of 256 MiB.",
    async (all) => (await import("./search/search.ts")).createSearchGroup(all),
  ),
  pipelines: {
    title: "Pipelines: trivial steps over a registry in a folder",
    about: "Commands run `true`. The floor starts the same programs and keeps one file for each.",
    create: createPipelinesGroup,
  },
  queues: {
    title: "A queue on Redis, compared with BullMQ alone",
    about:
      "The queue adds and works its jobs with BullMQ. Alone, BullMQ does the same on the same " +
      "server.",
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
  ...BATCH_GROUPS,
  ...PYTHON_GROUPS,
  explorer: {
    title: "The page of the explorer in Chromium, over a registry in memory",
    about: "From a new tab until what is named is drawn. Processor time is that of the browser; " +
      "the service is in the process that measures. `--n` chooses the number of versions.",
    create: async (settings) =>
      (await import("./service/explorer.ts")).createExplorerGroup(settings),
    named: true,
  },
  uploads: {
    title: "Uploads over HTTP, into a service over a folder",
    create: async (settings) => (await import("./service/uploads.ts")).createUploadsGroup(settings),
    maxRepeats: 1,
    named: true,
  },
  s3_gateway: {
    title: "Reads over S3, compared with MinIO and with the service itself",
    about:
      "20 readers get a file of 1 GiB in a bucket of MinIO, in ranges of 8 MiB: with a URL of " +
      "MinIO; over S3 with `serve --redirect`; from the service by `GET …/files`; and over S3 " +
      "without redirects. Each service answers 2,000 small requests before it is measured. The " +
      "load generator and all servers share the processors. Walks list all keys by pages of " +
      "1,000, in this process, over a store in memory.",
    create: async (of) => (await import("./service/s3_gateway.ts")).createS3GatewayGroup(of),
    maxRepeats: 3,
    named: true,
  },
  ...TRACKING_GROUPS,
  worst: {
    title: "The worst request of each route, alone",
    create: async (of) => (await import("./service/worst/worst.ts")).createWorstGroup(of),
    maxRepeats: 1,
    named: true,
  },
  pairs: {
    title: "Second versions, compared with restic, and in a bucket with s5cmd",
    about:
      "Each saves a file of some 48 MiB of data that resembles the version before it: a checkpoint " +
      "with 1 of 12 blocks trained; 2 % more rows in CSV, `.npy` and packed row groups as in " +
      "Parquet; CSV with 24 rows changed and 6 removed; JSON Lines with a line inserted at the " +
      "front; SQLite with 192 rows updated at random; a tar with 1 of 1,920 files changed and one " +
      "added. `added` is the growth of the store, in percent of the file. restic has its default " +
      "settings: it compresses, and where it cuts is drawn for each repository, so `added` differs " +
      "from one repository to the next. Its time includes the start of its process.",
    create: async (settings) => (await import("./pairs.ts")).createPairsGroup(settings),
    maxRepeats: 3,
    named: true,
  },
  nightly: nightly("compared with restic"),
  nightly_far: nightly("compared with restic: TLS and a round trip of 30 ms", 30),
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
  large_tls: large("TLS on this machine", { tls: true, roundTripMs: 0 }),
  large_far: large("TLS and a round trip of 30 ms", { tls: true, roundTripMs: 30 }),
  stages: {
    title: "Stages of one large file in a bucket: TLS on this machine",
    about: "Each stage alone, in a program of its own, and its share of the whole. Sending " +
      "includes the CRC-32 of the row above it. Stages overlap where threads or the disk allow, " +
      "so times do not add up; processor times do, but for what lies between the stages. " +
      "Processors with SHA extensions compute SHA-256 about four times as fast.",
    create: createStagesGroup,
    maxRepeats: 3,
    named: true,
  },
  large_folder: {
    title: "Verification of one large file in a folder",
    about: "The first verification reads the file after it was saved: where memory suffices, it " +
      "is in the page cache.",
    create: createLargeFolderGroup,
    maxRepeats: 2,
    named: true,
  },
};

function once(title: string, about: string, create: GroupEntry["create"]): GroupEntry {
  return { title, about, create, maxRepeats: 1, named: true };
}

function nights(where: "disk" | "MinIO"): GroupEntry {
  return once(
    `Time and memory on ${where === "disk" ? "a disk" : where}`,
    "Each name has `--versions` of a small value, one by default. The benchmark writes their " +
      "records itself, all in one burst. Each operation is a process of its own. `--n` is the " +
      "number of names. From 200,000 records on, the benchmark also writes a mirror in a folder, " +
      "and the notes that first nights leave.",
    async (all) => (await import("./many/nights.ts")).createNightsGroup(all, where),
  );
}

function large(title: string, way: Way): GroupEntry {
  return {
    title: `One large file in a bucket: ${title}`,
    about:
      "Each measure is a program of its own, on all processors or, by `taskset`, on one. The " +
      "server may use all of them. `s5cmd` and `aws s3 cp` have their default settings, and " +
      "their time includes the start of a process. The bare loops are the least that an upload " +
      "or a download costs in this runtime, with a SHA-256 of every byte: one thread sends parts; " +
      "threads read ranges and write them. `memory` is the most that was resident. " +
      "`processors for 10 Gbit/s` is the processor time at that speed. `s5cmd` verifies no byte. " +
      "With `TMPDIR=/dev/shm`, all files are in memory.",
    create: (settings) => createLargeBucketGroup(way, settings),
    maxRepeats: 2,
    named: true,
  };
}

function changed(title: string, way: Way): GroupEntry {
  return {
    title: `A changed file in a bucket: ${title}`,
    about:
      "Downloads of a file of 64 MiB, beside the same bytes stored as one object; what a list of " +
      "chunks costs a first save; and how much of the store a range and a verification read.",
    create: (settings) => createChangedFilesGroup(way, settings),
    named: true,
  };
}

function nightly(title: string, roundTripMs?: number): GroupEntry {
  return {
    title: `Saves of a folder that was saved before, ${title}`,
    about:
      "A file whose size, inode and times are those of the last save is not read. The registry " +
      `and the repository are ${roundTripMs ? "in one bucket" : "on the disk of the folder"}. ` +
      "The time of restic includes the start of its process, that of Holdfast the opening of the " +
      "registry.",
    create: async (of) => (await import("./nightly.ts")).createNightlyGroup(of, roundTripMs),
    maxRepeats: 3,
    named: true,
  };
}

function bucket(title: string, way: Way): GroupEntry {
  return {
    title: `A bucket compared with s5cmd: ${title}`,
    about: "`s5cmd` is the fastest bucket client that we know. It copies objects; Holdfast also " +
      "computes the SHA-256 of each file, commits a version, and checks what it downloads. A bare " +
      "loop of the same driver downloads the same objects without the registry.",
    create: (settings) => createBucketWayGroup(way, settings),
    maxRepeats: 3,
    named: true,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "string" },
      folder: { type: "string", default: tmpdir() },
      n: { type: "string" },
      versions: { type: "string" },
      reps: { type: "string" },
      mib: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const groups = Object.entries(GROUPS).map(([name, { title }]) => `  ${name.padEnd(16)} ${title}`)
    .join("\n");
  if (values.help) return console.log(HELP + groups);
  const repeats = Number(values.reps ?? (values.quick ? 2 : 5));

  const machine = describeMachine(values.folder);
  console.log(
    values.json
      ? JSON.stringify({ group: "machine", ...machine })
      : `${Object.values(machine).join(", ")}\n`,
  );
  const page = values.write === undefined ? undefined : fs.readFileSync(values.write, "utf8");
  const usual = ([, { named, title }]: [string, GroupEntry]) =>
    page === undefined ? !named : page.includes(`\n## ${title}\n`);
  const names = values.only?.split(",") ??
    Object.entries(GROUPS).filter(usual).map(([name]) => name);
  for (const name of names) {
    const entry = GROUPS[name];
    if (entry === undefined) {
      throw new Error(`Cannot measure "${name}": there is no such group\n${groups}`);
    }
    const folder = fs.mkdtempSync(join(values.folder, "holdfast-bench-"));
    const [before] = loadavg();
    try {
      const group = await entry.create({
        folder,
        operations: Number(values.n ?? (values.quick ? 50 : 500)),
        n: values.n === undefined ? undefined : Number(values.n),
        versions: Number(values.versions ?? 1),
        repeats,
        quick: values.quick,
        largeMib: Number(values.mib ?? 4096),
      });
      const samples = await runGroup(group, Math.min(repeats, entry.maxRepeats ?? repeats));
      await group[Symbol.asyncDispose]();
      const rows = rowsOf(name, samples);
      if (values.json) { for (const row of rows) console.log(JSON.stringify(row)); }
      else console.log(tableOf(entry.title, rows));
      if (values.write === undefined) continue;
      const reps = `--reps ${samples[0]?.timings.length}`;
      const size = values.mib === undefined ? "" : `--mib ${values.mib} `;
      const n = values.n === undefined ? "" : `--n ${values.n} `;
      const versions = values.versions === undefined ? "" : `--versions ${values.versions} `;
      const asked = `${values.quick ? "--quick " : ""}${n}${versions}${size}${reps}`;
      const place = Deno.env.get("TMPDIR") === IN_MEMORY ? `TMPDIR=${IN_MEMORY} ` : "";
      const command = `${place}deno task bench --only ${name} ${asked}`;
      const load = `load ${before.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after`;
      const { runtime, commit, cpu, memory } = machine;
      await writeSection(values.write, rows, {
        ...entry,
        command,
        circumstances: [commit, runtime, cpu, memory, load].join(", "),
      });
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

function describeMachine(folder: string): Record<string, string> {
  const [load] = loadavg();
  return {
    commit: `commit ${
      execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim()
    }`,
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
