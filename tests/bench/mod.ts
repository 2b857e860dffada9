// `deno task bench`: measures the registry on a disk and in buckets, each measure against a raw floor in the same run.
import fs from "node:fs";
import { arch, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { createBatchGroup } from "./batch/batch.ts";
import { createBucketBatchesGroup } from "./buckets/batches.ts";
import { createBucketWayGroup } from "./buckets/as_people_have_them.ts";
import { createBucketsGroup } from "./buckets/buckets.ts";
import { createCallsGroup } from "./calls.ts";
import { createChurnGroup } from "./churn.ts";
import { createHugeFilesGroup } from "./huge/huge_files.ts";
import { createFarFilesGroup, createFilesGroup } from "./files.ts";
import { createFolderGroup } from "./folder.ts";
import { createHugeGroup } from "./huge/huge.ts";
import { createLargeGroup } from "./large.ts";
import { createLatestGroup } from "./many/latest.ts";
import { createLineageGroup } from "./many/lineage.ts";
import { createListingGroup } from "./many/listing.ts";
import { runGroup } from "./measure.ts";
import type { BenchSettings, Group } from "./measure.ts";
import { createPeer } from "./peer.ts";
import { createPipelinesGroup } from "./pipelines.ts";
import { createPlatesGroup } from "./plates.ts";
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
  --peer COMMAND   also run another program's benchmark, in turn, and print how many times faster this is

Times and ratios are of the best run; in brackets the ratios of the middle run and of processor time, which says least
about the disk and is least disturbed by other work.

Groups:
`;

interface GroupEntry {
  title: string;
  create(settings: BenchSettings): Promise<Group>;
  /** The peer's groups of the same measures. */
  peer?: string;
  /** Most repeats that make sense. */
  maxRepeats?: number;
  /** Only run when it is named: it needs a server that `deno task servers --install` builds. */
  named?: boolean;
}

const GROUPS: Record<string, GroupEntry> = {
  calls: { title: "Backend calls of a small value", create: createCallsGroup, maxRepeats: 1 },
  small: { title: "1 KiB", create: createSmallGroup, peer: "save,load" },
  large: { title: "64 MiB of bytes", create: createLargeGroup, peer: "blob" },
  churn: { title: "Automatic versions", create: createChurnGroup, peer: "churn" },
  latest: { title: "Latest of many versions", create: createLatestGroup },
  listing: { title: "Listing names", create: createListingGroup },
  lineage: { title: "What was made from a version", create: createLineageGroup, maxRepeats: 3 },
  folder: { title: "A folder saved again", create: createFolderGroup, maxRepeats: 3 },
  files: { title: "Files by path: planes of 16 KiB on a disk", create: createFilesGroup },
  plates: {
    title: "Plates: 1,000 planes of 16 KiB as one array of OME-NGFF on a disk",
    create: createPlatesGroup,
  },
  service: {
    title: "The service: a file of 200 bytes, beside a server that says a constant",
    create: createServiceGroup,
  },
  pipelines: {
    title: "Pipelines: trivial steps over a registry on a disk",
    create: createPipelinesGroup,
  },
  engines: {
    title: "Engines: trivial steps over Redis, beside BullMQ alone",
    create: async (settings) => (await import("./engines.ts")).createEnginesGroup(settings),
    maxRepeats: 3,
    named: true,
  },
  http_client: {
    title: "Small values through a service, by its client",
    create: async (settings) =>
      (await import("./service/http_client.ts")).createHttpClientGroup(settings),
    named: true,
  },
  uploads: {
    title: "Uploads over HTTP, into a service over a registry on a disk",
    create: async (settings) => (await import("./service/uploads.ts")).createUploadsGroup(settings),
    maxRepeats: 1,
    named: true,
  },
  jobs: {
    title: "Jobs: ten thousand over Redis and PostgreSQL, beside BullMQ alone",
    create: async (settings) => (await import("./jobs/jobs.ts")).createJobsGroup(settings),
    maxRepeats: 3,
    named: true,
  },
  files_far: {
    title: "Files by path: planes of 16 KiB in a MinIO behind TLS and a round trip of 30 ms",
    create: createFarFilesGroup,
    maxRepeats: 3,
    named: true,
  },
  files_huge: {
    title: "Files by path: images and arrays of 1 GiB, on a disk and in a MinIO on this machine",
    create: createHugeFilesGroup,
    maxRepeats: 1,
    named: true,
  },
  batch: {
    title: "Batches: 64 MiB arrays compressed, 16 KiB values, 16 MiB files, crashes, length",
    create: createBatchGroup,
    peer: "batch",
  },
  minio: {
    title: "Buckets: MinIO",
    create: (settings) => createBucketsGroup("minio", settings),
    peer: "batch",
    maxRepeats: 3,
    named: true,
  },
  versitygw: {
    title: "Buckets: versitygw",
    create: (settings) => createBucketsGroup("versitygw", settings),
    peer: "batch",
    maxRepeats: 3,
    named: true,
  },
  bucket_plain: {
    title: "A bucket: MinIO beside s5cmd, HTTP on this machine",
    create: (settings) => createBucketWayGroup({ tls: false, roundTripMs: 0 }, settings),
    maxRepeats: 3,
    named: true,
  },
  bucket_tls: {
    title: "A bucket: MinIO beside s5cmd, TLS on this machine",
    create: (settings) => createBucketWayGroup({ tls: true, roundTripMs: 0 }, settings),
    maxRepeats: 3,
    named: true,
  },
  bucket_far: {
    title: "A bucket: MinIO beside s5cmd, TLS and a round trip of 30 ms",
    create: (settings) => createBucketWayGroup({ tls: true, roundTripMs: 30 }, settings),
    maxRepeats: 3,
    named: true,
  },
  minio_batch: {
    title: "Batches: MinIO",
    create: (settings) => createBucketBatchesGroup("minio", settings),
    maxRepeats: 3,
    named: true,
  },
  versitygw_batch: {
    title: "Batches: versitygw",
    create: (settings) => createBucketBatchesGroup("versitygw", settings),
    maxRepeats: 3,
    named: true,
  },
  gcs: {
    title: "Buckets: fake-gcs-server",
    create: (settings) => createBucketsGroup("fake-gcs", settings),
    maxRepeats: 3,
    named: true,
  },
  huge: { title: "One huge file", create: createHugeGroup, maxRepeats: 2 },
};

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
      peer: { type: "string" },
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
      const peer = values.peer === undefined || entry.peer === undefined
        ? undefined
        : createPeer(values.peer, { folder, operations, args: group.peerArgs });
      const samples = await runGroup(
        group,
        Math.min(repeats, entry.maxRepeats ?? repeats),
        () => peer?.runOnce(entry.peer!) ?? Promise.resolve(),
      );
      await group[Symbol.asyncDispose]();
      const rows = rowsOf(name, samples, peer);
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
