// One large file to a bucket and back, beside `s5cmd` and the AWS command line, on all processors and
// on one. Each measure is a program of its own.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createServerStore, placeOf, type ServerPlace } from "../../servers/server_world.ts";
import { CERTIFICATES } from "../../support/certificates/folder.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { startServer } from "../../support/servers/mod.ts";
import type { Way } from "../buckets/as_people_have_them.ts";
import { startDistance } from "../buckets/distance.ts";
import { findS5cmd, timedProgram } from "../buckets/s5cmd.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { MIB, randomBytes } from "../values.ts";
import type { LargeCall, LargeReport } from "./large_process.ts";
import { DOWNLOAD_STAGES, SAVE_STAGES } from "./stages.ts";

const AUTHORITY = join(CERTIFICATES, "authority.pem");
/** 10 Gbit, in MiB. */
const TEN_GBIT = 10e9 / 8 / MIB;

/** Processors of a process that is measured. */
interface Share {
  title: string;
  /** Words before its command. */
  command: string[];
}

const EVERY: Share = { title: `${availableParallelism()} processors`, command: [] };
const SHARES: Share[] = [
  EVERY,
  { title: "1 processor", command: ["taskset", "--cpu-list", "0"] },
];

export async function createLargeBucketGroup(
  { roundTripMs }: Way,
  { folder, quick, largeMib }: BenchSettings,
): Promise<Group> {
  const mib = quick ? 128 : largeMib;
  const source = writeSource(folder, mib), target = join(folder, "target");
  await using running = new AsyncDisposableStack();
  const server = running.use(await startServer("minio", { tls: CERTIFICATES }));
  const distance = roundTripMs > 0
    ? running.use(await startDistance(server.endpoint, roundTripMs))
    : undefined;
  const endpoint = distance?.endpoint ?? server.endpoint;
  const store = running.use(createServerStore(placeOf(server), {}));
  const place = { ...placeOf(server), endpoint };
  const bucket = `s3://${server.bucket}`;
  let round = 0;

  const measures = SHARES.flatMap((share) => {
    const s5cmd = findS5cmd(place, share.command);
    const aws = share.command.length > 0 ? undefined : findAws(place); // uses one most of the time
    const theirs = [["s5cmd", s5cmd, "cp"], ["aws", aws, "s3 cp"]] as const;
    const [floor] = theirs.flatMap(([name, run]) => run === undefined ? [] : [name]);
    const title = (name: string, way: string) => `${name}: ${mib} MiB ${way}, ${share.title}`;
    const others = theirs.flatMap(([name, run, words]): Measure[] => {
      const object = `${bucket}/theirs/object`;
      return run === undefined ? [] : [
        {
          name: title(name, "up"),
          count: mib,
          unit: "MiB",
          run: () => run(...words.split(" "), source, object),
        },
        {
          name: title(name, "down"),
          count: mib,
          unit: "MiB",
          async run() {
            const timing = await run(...words.split(" "), object, target);
            await clear();
            return timing;
          },
        },
      ];
    });
    const save = inProcess(`save ${mib} MiB, ${share.title}`, mib, share, async (call) => {
      round++;
      return await call({ operation: "save", place, path: source, version: `${round}.0.0` });
    });
    const loopUp = inProcess(title("bare loop", "up"), mib, share, async (call) => {
      const timing = await call({ operation: "bare loop up", place, path: source, version: "0" });
      await clear();
      return timing;
    });
    save.second = loopUp.name;
    const loop = inProcess(title("bare loop", "down"), mib, share, async (call) => {
      const timing = await call({ operation: "bare loop down", place, path: target, version: "" });
      fs.rmSync(target);
      return timing;
    });
    const download = inProcess(`download ${mib} MiB, ${share.title}`, mib, share, async (call) => {
      const version = `${round}.0.0`;
      const timing = await call({ operation: "download", place, path: target, version });
      await clear();
      return timing;
    });
    download.second = loop.name;
    if (floor === undefined) return [loopUp, save, loop, download];
    return [
      ...others,
      { ...loopUp, floor: title(floor, "up") },
      { ...save, floor: title(floor, "up") },
      { ...loop, floor: title(floor, "down") },
      { ...download, floor: title(floor, "down") },
    ];
  });
  const all = running.move();
  return { measures, [Symbol.asyncDispose]: () => all.disposeAsync() };

  /** Else all copies would be in memory, where that is the disk. */
  async function clear(): Promise<void> {
    const keys: string[] = [];
    for await (const entry of store.list("")) if ("key" in entry) keys.push(entry.key);
    const copies = /^(theirs|registry\/(objects|names))\//;
    await store.deleteMany!(keys.filter((key) => copies.test(key)));
    fs.rmSync(target, { force: true });
  }
}

/** Each stage of a save and of a download of one large file, beside the whole. */
export async function createStagesGroup(
  { folder, quick, largeMib }: BenchSettings,
): Promise<Group> {
  const mib = quick ? 128 : largeMib, size = mib * MIB;
  const source = writeSource(folder, mib), target = join(folder, "target");
  const server = await startServer("minio", { tls: CERTIFICATES });
  const place = placeOf(server);
  let round = 0;
  const save = inProcess(
    "save",
    mib,
    EVERY,
    (call) => call({ operation: "save", place, path: source, version: `${++round}.0.0` }),
  );
  const download = inProcess("download", mib, EVERY, async (call) => {
    const timing = await call({ operation: "download", place, path: target, version: "latest" });
    fs.rmSync(target);
    return timing;
  });
  const stagesOf = (stages: object, whole: Measure) =>
    Object.keys(stages).map((stage): Measure => ({
      ...inProcess(
        stage,
        mib,
        EVERY,
        (call) => call({ operation: "stage", place, path: source, version: "", stage, size }),
      ),
      floor: whole.name,
    }));
  const measures = [
    save,
    ...stagesOf(SAVE_STAGES, save),
    download,
    ...stagesOf(DOWNLOAD_STAGES, download),
  ];
  for (const measure of measures) {
    const run = measure.run;
    let cpuMs = Infinity;
    measure.run = async () => {
      const timing = await run();
      cpuMs = Math.min(cpuMs, timing.cpuMs);
      return timing;
    };
    measure.facts = undefined;
    measure.columns = () => ({ "processor, ms/MiB": (cpuMs / mib).toFixed(2) });
  }
  return { measures, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Verifies one large file of a registry on a disk, on one thread and on all. */
// deno-lint-ignore require-await -- like the other groups
export async function createLargeFolderGroup(
  { folder, quick, largeMib }: BenchSettings,
): Promise<Group> {
  const mib = quick ? 128 : largeMib;
  const place = join(folder, "registry"), path = writeSource(folder, mib);
  let isSaved = false;
  const all = availableParallelism();
  const measures = [1, all].map((threads): Measure =>
    inProcess(`verify ${mib} MiB, threads: ${threads}`, mib, EVERY, async (call) => {
      const asked = { place, path, version: "1.0.0", threads };
      if (!isSaved) await call({ ...asked, operation: "save" });
      isSaved = true;
      return await call({ ...asked, operation: "verify" });
    })
  );
  for (const measure of measures.slice(1)) measure.floor = measures[0]!.name;
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

type Call = (call: LargeCall) => Promise<Timing>;

/** A measure of calls in programs of their own, with how much memory the largest took. */
function inProcess(
  name: string,
  mib: number,
  { command }: Share,
  run: (call: Call) => Promise<Timing>,
): Measure {
  let memory = 0, cpuMs = Infinity;
  // deno-lint-ignore require-await -- throws as a promise
  const call: Call = async (asked) => {
    const program = join(REPOSITORY, "tests/bench/large/large_process.ts");
    const words = ["run", "-A", "--no-check", `--config=${join(REPOSITORY, "deno.json")}`, program];
    const [first = process.execPath, ...rest] = [...command, process.execPath];
    const printed = execFileSync(first, [...rest, ...words, JSON.stringify(withoutCa(asked))], {
      env: { ...process.env, DENO_CERT: AUTHORITY, NODE_EXTRA_CA_CERTS: AUTHORITY },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { timing, peakRssMib }: LargeReport = JSON.parse(String(printed));
    memory = Math.max(memory, peakRssMib);
    cpuMs = Math.min(cpuMs, timing.cpuMs);
    return timing;
  };
  return {
    name,
    count: mib,
    unit: "MiB",
    run: () => run(call),
    facts: () => ({
      "memory, MiB": memory,
      "processors for 10 Gbit/s": (cpuMs / mib * TEN_GBIT / 1000).toFixed(1),
    }),
  };
}

/** Threads trust what the runtime trusts, not the option `ca`. */
function withoutCa(call: LargeCall): LargeCall {
  const { place } = call;
  return typeof place === "string" ? call : { ...call, place: { ...place, ca: undefined } };
}

function writeSource(folder: string, mib: number): string {
  const path = join(folder, "source");
  const file = fs.openSync(path, "w");
  for (let count = 0; count < mib; count += 64) fs.writeSync(file, randomBytes(64 * MIB));
  fs.closeSync(file);
  return path;
}

/** The AWS command line, with its default settings; undefined where it is not in the PATH. */
function findAws(
  { endpoint, accessKey, secretKey, region }: ServerPlace,
): ((...words: string[]) => Promise<Timing>) | undefined {
  try {
    execFileSync("aws", ["--version"], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_REGION: region,
    AWS_CA_BUNDLE: AUTHORITY,
  };
  return (...words) => timedProgram("aws", ["--endpoint-url", endpoint, ...words], env);
}
