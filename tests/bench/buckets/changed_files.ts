// Versions of one large file in a bucket, each with some bytes changed, beside the same file stored
// whole; and what their lists of chunks cost a first save, a range and a verification.
import fs from "node:fs";
import { join } from "node:path";
import type { Backend } from "../../../core/backend.ts";
import {
  openRegistry,
  type Registry,
  type SaveOptions,
  type StoredRegistry,
} from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createServerStore, placeOf } from "../../servers/server_world.ts";
import { CERTIFICATES } from "../../support/certificates/folder.ts";
import { withoutExtras } from "../../simulate/stores/like.ts";
import { startServer } from "../../support/servers/mod.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";
import { MIB, randomBytes } from "../values.ts";
import type { Way } from "./as_people_have_them.ts";
import { startDistance } from "./distance.ts";

const VERSIONS = 10;
const WHOLE = "download a whole file";
const UNLISTED = "first save, without a list of chunks";

export async function createChangedFilesGroup(
  { tls, roundTripMs }: Way,
  { folder, quick }: BenchSettings,
): Promise<Group> {
  const mib = quick ? 8 : 64;
  const server = await startServer("minio", { tls: tls ? CERTIFICATES : undefined });
  const distance = roundTripMs > 0 ? await startDistance(server.endpoint, roundTripMs) : undefined;
  const place = { ...placeOf(server), endpoint: distance?.endpoint ?? server.endpoint };
  const older = join(folder, "older.bin"), to = join(folder, "file.bin");
  const near = await openRegistry(
    createServerStore(placeOf(server), { prefix: "registry" }),
    { cache: false },
  );
  const base = randomBytes(mib * MIB);
  await saveChanged(near, "runs", { base, versions: 2, places: 25 });
  const last = await saveChanged(near, "chain", { base, versions: VERSIONS, places: 5 });
  await near.save("whole", last);
  await near[Symbol.asyncDispose]();
  fs.writeFileSync(older, base);

  return {
    measures: [
      measure(WHOLE, "whole"),
      measure("download a file in 50 runs", "runs"),
      measure(`download version ${VERSIONS}, each with 2 % changed`, "chain"),
      measure("download 2 % changed over the older version", "runs", older),
      firstSave(UNLISTED, { share: "files" }),
      { ...firstSave("first save", {}), floor: UNLISTED },
      reading("the first range of 64 KiB", 1 / 16, async (registry) => {
        const [file] = (await registry.open("whole")).files();
        const range = file!.stream({ offset: mib * MIB / 2, length: 64 * 1024 });
        await new Response(range).arrayBuffer();
      }),
      reading(`verify ${VERSIONS} versions, each with 2 % changed`, VERSIONS * mib, (registry) => {
        return verifyRegistry(registry, { names: ["chain"] });
      }),
    ],
    async [Symbol.asyncDispose]() {
      await distance?.[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };

  function open(prefix: string, read: (bytes: number) => void = () => {}): Promise<StoredRegistry> {
    const store = createServerStore(place, { prefix });
    const get: Backend["get"] = async (key, options) => {
      const object = await store.get(key, options);
      read(object === undefined ? 0 : options?.range?.length ?? object.info.size);
      return object;
    };
    return openRegistry({ ...withoutExtras(store), get }, { cache: false });
  }

  function firstSave(name: string, options: SaveOptions): Measure {
    const run = async () => {
      await using registry = await open(`first-${crypto.randomUUID()}`);
      return await timed(() => registry.save("a", base, options));
    };
    return { name, count: mib, unit: "MiB", run };
  }

  /** Reads something. The fact is how many MiB the store sent. */
  function reading(
    name: string,
    count: number,
    read: (registry: StoredRegistry) => Promise<unknown>,
  ): Measure {
    let bytes = 0;
    const run = async () => {
      await using registry = await open("registry", (more) => bytes += more);
      bytes = 0;
      return await timed(() => read(registry));
    };
    return {
      name,
      count,
      unit: "MiB",
      run,
      facts: () => ({ read: `${(bytes / MIB).toFixed(2)} MiB` }),
    };
  }

  function measure(name: string, artifact: string, over?: string): Measure {
    const run = async () => {
      if (over !== undefined) fs.copyFileSync(over, to);
      const store = createServerStore(place, { prefix: "registry" });
      const registry = await openRegistry(store, { cache: false });
      const timing = await timed(() => registry.download(artifact, { to, overwrite: true }));
      await registry[Symbol.asyncDispose]();
      fs.rmSync(to);
      return timing;
    };
    return { name, count: mib, unit: "MiB", run, ...(name === WHOLE ? {} : { floor: WHOLE }) };
  }
}

/** Saves versions of a file, each with 2 % changed at so many places. Returns the last one. */
async function saveChanged(
  registry: Registry,
  name: string,
  { base, versions, places }: { base: Uint8Array; versions: number; places: number },
): Promise<Uint8Array> {
  const value = base.slice();
  const size = Math.floor(value.byteLength / 50 / places);
  await registry.save(name, value);
  for (let version = 1; version < versions; version++) {
    for (let i = 0; i < places; i++) {
      const at = (i + version / versions) * (value.byteLength / places - size);
      value.set(randomBytes(size), Math.floor(at));
    }
    await registry.save(name, value);
  }
  return value;
}
