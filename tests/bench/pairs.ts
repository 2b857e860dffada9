// The cost of second versions: eight pairs on a disk, beside restic where it is installed, and 1 GiB
// with 2 % changed in a bucket over TLS and 30 ms, beside s5cmd.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { localPath, openRegistry } from "../../mod.ts";
import { makePairs } from "../registry/payload/pairs.ts";
import { createServerStore, placeOf } from "../servers/server_world.ts";
import { CERTIFICATES } from "../support/certificates/folder.ts";
import { startServer } from "../support/servers/mod.ts";
import { startDistance } from "./buckets/distance.ts";
import { findS5cmd, timedProgram } from "./buckets/s5cmd.ts";
import { type BenchSettings, type Group, type Measure, timed } from "./measure.ts";
import { MIB } from "./values.ts";

const run = promisify(execFile);

export async function createPairsGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const hasRestic = await run("restic", ["version"]).then(() => true, () => false);
  const measures: Measure[] = [];
  for (const [kind, make] of Object.entries(makePairs((quick ? 4 : 48) * MIB))) {
    const pair = make();
    const paths = (["old", "new"] as const).map((side) => {
      const path = join(folder, `${kind}-${side}`);
      fs.writeFileSync(path, pair[side]);
      return path;
    }) as [string, string];
    const mib = pair.new.byteLength / MIB;
    if (hasRestic) measures.push(restic(`restic: ${kind}`, folder, paths, mib));
    measures.push(ours(kind, folder, paths, mib, hasRestic ? `restic: ${kind}` : undefined));
  }
  const far = await farMeasures(folder, quick ? 64 : 1024);
  return {
    measures: [...measures, ...far.measures],
    [Symbol.asyncDispose]: () => far[Symbol.asyncDispose](),
  };
}

/** Saves the second version of a pair; the fact is what it adds, in percent of its size. */
function ours(
  name: string,
  folder: string,
  [old, next]: [string, string],
  mib: number,
  floor?: string,
): Measure {
  let added = "";
  return {
    name: `save ${name}`,
    count: mib,
    unit: "MiB",
    floor,
    async run() {
      const place = fs.mkdtempSync(join(folder, "registry-"));
      await using registry = await openRegistry(place, { cache: false });
      const save = (path: string) => {
        fs.copyFileSync(path, join(folder, "data"));
        return registry.save("a", localPath(join(folder, "data")));
      };
      await save(old);
      const timing = await timed(async () => {
        const { addedBytes = 0, size } = await save(next);
        added = `${(100 * addedBytes / size).toFixed(2)} %`;
      });
      fs.rmSync(place, { recursive: true });
      return timing;
    },
    facts: () => ({ added }),
  };
}

function restic(name: string, folder: string, paths: [string, string], mib: number): Measure {
  let added = "";
  return {
    name,
    count: mib,
    unit: "MiB",
    async run() {
      const place = fs.mkdtempSync(join(folder, "restic-"));
      const env = { ...process.env, RESTIC_PASSWORD: "bench", RESTIC_REPOSITORY: place };
      const call = (...words: string[]) => timedProgram("restic", ["--no-cache", ...words], env);
      await call("init");
      const data = join(folder, "restic-data");
      fs.copyFileSync(paths[0], data);
      await call("backup", data);
      const before = bytesIn(place);
      fs.copyFileSync(paths[1], data);
      const timing = await call("backup", data);
      added = `${(100 * (bytesIn(place) - before) / (mib * MIB)).toFixed(2)} %`;
      fs.rmSync(place, { recursive: true });
      return timing;
    },
    facts: () => ({ added }),
  };
}

function bytesIn(folder: string): number {
  const files = fs.readdirSync(folder, { recursive: true }) as string[];
  const all = files.map((path) => fs.statSync(join(folder, path)));
  return all.reduce((sum, stats) => stats.isFile() ? sum + stats.size : sum, 0);
}

/** A large file of which 2 % changed, in eight places. */
async function farMeasures(folder: string, mib: number): Promise<Group> {
  const server = await startServer("minio", { tls: CERTIFICATES });
  const distance = await startDistance(server.endpoint, 30);
  const place = { ...placeOf(server), endpoint: distance.endpoint };
  const s5cmd = findS5cmd(place);
  const [old, next] = ["far-old", "far-new"].map((name) => join(folder, name)) as [string, string];
  const changed = Array.from({ length: 8 }, (_, i) => Math.floor((i + 0.5) * mib * MIB / 8));
  const file = fs.openSync(old, "w");
  const block = new Uint8Array(65_536);
  for (let at = 0; at < mib * MIB; at += block.length) {
    fs.writeSync(file, crypto.getRandomValues(block));
  }
  fs.closeSync(file);
  fs.copyFileSync(old, next);
  const other = fs.openSync(next, "r+");
  const edit = new Uint8Array(Math.floor(0.02 * mib * MIB / 8)).fill(7);
  for (const at of changed) fs.writeSync(other, edit, 0, edit.length, at);
  fs.closeSync(other);
  const floor = "s5cmd: the whole, over TLS and 30 ms";
  let added = "";
  const first: Measure = {
    name: "save a second version with 2 % changed, over TLS and 30 ms",
    count: mib,
    unit: "MiB",
    ...(s5cmd ? { floor } : {}),
    async run() {
      const store = createServerStore(place, { prefix: `registry-${crypto.randomUUID()}` });
      await using registry = await openRegistry(store, { cache: false });
      const data = join(folder, "far-data"); // the path in the version
      fs.linkSync(old, data);
      await registry.save("a", localPath(data));
      fs.rmSync(data);
      fs.linkSync(next, data);
      return await timed(async () => {
        const { addedBytes = 0, size } = await registry.save("a", localPath(data));
        fs.rmSync(data);
        added = `${(100 * addedBytes / size).toFixed(2)} %`;
      });
    },
    facts: () => ({ added }),
  };
  const theirs: Measure[] = s5cmd === undefined ? [] : [{
    name: floor,
    count: mib,
    unit: "MiB",
    run: () => s5cmd("cp", next, `s3://${server.bucket}/s5/far`),
  }];
  return {
    measures: [...theirs, first],
    async [Symbol.asyncDispose]() {
      await distance[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
