// Saves of a folder that was saved before, beside restic: nothing changed, and 1 % of the files.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { realSystem } from "../../core/system.ts";
import { localPath, openRegistry } from "../../mod.ts";
import { createServerStore, placeOf, type ServerPlace } from "../servers/server_world.ts";
import { CERTIFICATES } from "../support/certificates/folder.ts";
import { startServer } from "../support/servers/mod.ts";
import { startDistance } from "./buckets/distance.ts";
import { timedProgram } from "./buckets/s5cmd.ts";
import { type BenchSettings, type Group, type Measure, timed } from "./measure.ts";
import { MIB } from "./values.ts";

/** Files of a folder: how many, of how many bytes. */
const FOLDERS: Record<string, [count: number, bytes: number][]> = {
  "20,000 × 20 kB and 20 × 50 MB": [[20_000, 20_000], [20, 50_000_000]],
  "100,000 × 1 kB": [[100_000, 1000]],
  "40 × 50 MB": [[40, 50_000_000]],
};

/** A clock ten minutes ahead, as if the folder had been written before. */
const LATER = { ...realSystem, now: () => realSystem.now() + 600_000 };

/** Saves into a folder or, with a round trip, into a bucket of MinIO over TLS. */
export async function createNightlyGroup(
  { folder, quick }: BenchSettings,
  roundTripMs?: number,
): Promise<Group> {
  const measures: Measure[] = [];
  await using running = new AsyncDisposableStack();
  const place = roundTripMs === undefined ? undefined : await startFar(running, roundTripMs);
  for (const [title, kinds] of Object.entries(FOLDERS)) {
    const data = fs.mkdtempSync(join(folder, "data-"));
    const paths = kinds.flatMap(([count, bytes]) => make(data, quick ? count / 20 : count, bytes));
    const registry = fs.mkdtempSync(join(folder, "registry-"));
    const cache = { path: join(folder, "cache") };
    const save = async () => {
      const target = place ? createServerStore(place, { prefix: basename(registry) }) : registry;
      await using opened = await openRegistry(target, { cache, system: LATER });
      await opened.save("data", localPath(data));
    };
    await save();
    await save(); // now it knows what it has read
    const restic = initRestic(fs.mkdtempSync(join(folder, "restic-")), folder, place);
    await restic?.("backup", data);
    for (const [what, share] of [["nothing", 0], ["1 %", 0.01]] as const) {
      const name = `${what} of ${title} changed`;
      const floor = restic && `restic: ${name}`;
      const changed = () => change(paths, share);
      const common = { count: paths.length, unit: "op" } as const;
      const theirs = async () => {
        changed();
        return await restic!("backup", data);
      };
      const ours = async () => {
        changed();
        const timing = await timed(save);
        if (share > 0) await save();
        return timing;
      };
      if (floor !== undefined) measures.push({ ...common, name: floor, run: theirs });
      measures.push({ ...common, name: `save: ${name}`, floor, run: ours });
    }
  }
  const all = running.move();
  return { measures, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function startFar(running: AsyncDisposableStack, roundTripMs: number): Promise<ServerPlace> {
  const server = running.use(await startServer("minio", { tls: CERTIFICATES }));
  const { endpoint } = running.use(await startDistance(server.endpoint, roundTripMs));
  return { ...placeOf(server), endpoint };
}

function make(folder: string, count: number, bytes: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const inner = join(folder, `${bytes}-${Math.floor(i / 200)}`);
    fs.mkdirSync(inner, { recursive: true });
    const path = join(inner, `${i}.bin`);
    write(path, bytes);
    return path;
  });
}

function write(path: string, bytes: number): void {
  const file = fs.openSync(path, "w");
  for (let left = bytes; left > 0; left -= MIB) {
    const block = crypto.getRandomValues(new Uint8Array(65_536));
    for (let at = 0; at < Math.min(left, MIB); at += block.length) {
      fs.writeSync(file, block, 0, Math.min(block.length, left - at));
    }
  }
  fs.closeSync(file);
}

/** Writes a share of the files again, spread over all; one at least unless the share is 0. */
function change(paths: readonly string[], share: number): void {
  const count = Math.ceil(share * paths.length);
  for (let n = 0; n < count; n++) {
    const path = paths[Math.floor((n + 0.5) * paths.length / count)]!;
    write(path, fs.statSync(path).size);
  }
}

/** Makes a repository with a cache of its own; undefined where there is no restic. */
function initRestic(path: string, folder: string, place?: ServerPlace) {
  const env: NodeJS.ProcessEnv = { ...process.env, RESTIC_PASSWORD: "bench" };
  const cache = ["--cache-dir", join(folder, "restic-cache")];
  env.RESTIC_REPOSITORY = path;
  if (place !== undefined) {
    env.RESTIC_REPOSITORY = `s3:${place.endpoint}/${place.bucket}/${basename(path)}`;
    env.AWS_ACCESS_KEY_ID = place.accessKey;
    env.AWS_SECRET_ACCESS_KEY = place.secretKey;
    cache.push("--cacert", join(CERTIFICATES, "authority.pem"));
  }
  try {
    execFileSync("restic", [...cache, "init"], { env, stdio: "ignore" });
  } catch {
    return undefined;
  }
  return (...words: string[]) => timedProgram("restic", [...cache, ...words], env);
}
