// A bucket as people have one: over TLS, and some way off. Each measure beside `s5cmd` on the same
// server, by the same way.
import { loadMany, saveMany } from "../../../registry/contract/many.ts";
import fs from "node:fs";
import { join } from "node:path";
import { type BatchResult, localPath, openRegistry, type Registry } from "../../../mod.ts";
import { createServerStore, placeOf } from "../../servers/server_world.ts";
import { CERTIFICATES } from "../../support/certificates/folder.ts";
import { startServer } from "../../support/servers/mod.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "../measure.ts";
import { runBareLoop } from "./bare_loop.ts";
import { startDistance } from "./distance.ts";
import { findS5cmd } from "./s5cmd.ts";
import { writeSources } from "./sources.ts";

export interface Way {
  tls: boolean;
  roundTripMs: number;
}

const SMALL = 300;
const IN_A_ROW = 20;
const ONE_REQUEST = "floor: one put of the backend";

export async function createBucketWayGroup(
  { tls, roundTripMs }: Way,
  settings: BenchSettings,
): Promise<Group> {
  const { folder, quick } = settings;
  const server = await startServer("minio", { tls: tls ? CERTIFICATES : undefined });
  const distance = roundTripMs > 0 ? await startDistance(server.endpoint, roundTripMs) : undefined;
  const place = { ...placeOf(server), endpoint: distance?.endpoint ?? server.endpoint };
  const store = createServerStore(place, {});
  const s5cmd = findS5cmd(place);
  const bucket = `s3://${server.bucket}/s5`;
  const target = join(folder, "target");
  const sources = writeSources(folder, { small: SMALL, quick, bucket, target });
  const names = sources.small.map((_, i) => `small-${i}`);
  let round = 0;

  return {
    measures: [
      theirs("puts of 1 KiB", SMALL, "op", () => s5cmd!("run", sources.puts)),
      ours("saveMany of 1 KiB", SMALL, "op", "puts of 1 KiB", async (registry) => {
        round++;
        const entries = names.map((name, i) => ({
          name,
          value: sources.small[i],
          version: `${round}.0.0`,
        }));
        return await timed(async () => all(await saveMany(registry, entries)));
      }),
      theirs("gets of 1 KiB", SMALL, "op", () => s5cmd!("run", sources.gets)),
      ours("loadMany of 1 KiB", SMALL, "op", "gets of 1 KiB", async (registry) => {
        return await timed(async () =>
          all(await loadMany(registry, names, { version: `${round}` }))
        );
      }),
      ...sources.folders.flatMap(({ title, name, path, mib, fileBytes }) => [
        theirs(`${title} up`, mib, "MiB", () => s5cmd!("cp", `${path}/*`, `${bucket}/${name}/`)),
        ours(
          `save ${title}`,
          mib,
          "MiB",
          `${title} up`,
          (registry) =>
            timed(() =>
              registry.save(name, localPath(path), { version: `${round}.0.0`, share: "none" })
            ),
        ),
        theirs(
          `${title} down`,
          mib,
          "MiB",
          () => s5cmd!("cp", `${bucket}/${name}/*`, `${target}-s5/${name}/`),
        ),
        bare(`${title} down`, { name, mib, size: fileBytes }),
        {
          ...ours(
            `download ${title}`,
            mib,
            "MiB",
            `${title} down`,
            async (registry) => {
              const timing = await timed(() =>
                registry.download(name, { to: join(target, name), version: `${round}` })
              );
              await clear();
              return timing;
            },
          ),
          second: `bare loop: ${title} down`,
        },
      ]),
      inARow(ONE_REQUEST, (_, i) => store.put(`s5/row-${i}`, new Uint8Array(1024))),
      inARow(
        "save, explicit version",
        (registry, i) => registry.save(`row-${round}-${i}`, 1, { version: "1.0.0" }),
      ),
      inARow("save, automatic version", (registry, i) => registry.save(`row-${i}`, { round })),
      inARow("load of the latest", (registry, i) => registry.load(`row-${i}`)),
    ].filter((measure): measure is Measure => measure !== undefined),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await distance?.[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };

  function theirs(
    name: string,
    count: number,
    unit: Measure["unit"],
    run: Measure["run"],
  ): Measure | undefined {
    return s5cmd && { name: `s5cmd: ${name}`, count, unit, run };
  }

  /** Downloads the objects that `save` stored just before, one for each file. */
  function bare(
    name: string,
    { name: artifact, mib, size }: { name: string; mib: number; size: number },
  ): Measure {
    const prefix = `registry/objects/${artifact}/`, to = `${target}-bare`;
    return {
      name: `bare loop: ${name}`,
      count: mib,
      unit: "MiB",
      ...(s5cmd ? { floor: `s5cmd: ${name}` } : {}),
      async run() {
        const timing = await runBareLoop({ store, place, prefix, size, to });
        fs.rmSync(to, { recursive: true, force: true });
        return timing;
      },
    };
  }

  /** With connections of its own, as `s5cmd` has: only those of the opening are there already. */
  function ours(
    name: string,
    count: number,
    unit: Measure["unit"],
    floor: string | undefined,
    run: (registry: Registry) => Promise<Timing>,
  ): Measure {
    const measure = async () => {
      await using registry = await openRegistry(createServerStore(place, { prefix: "registry" }), {
        cache: false,
      });
      return await run(registry);
    };
    return {
      name,
      count,
      unit,
      run: measure,
      ...(floor === undefined || !s5cmd ? {} : { floor: `s5cmd: ${floor}` }),
    };
  }

  function inARow(
    name: string,
    action: (registry: Registry, i: number) => Promise<unknown>,
  ): Measure {
    const measure = ours(`${name}, in a row`, IN_A_ROW, "op", undefined, async (registry) => {
      await action(registry, 0);
      return await timed(async () => {
        for (let i = 1; i <= IN_A_ROW; i++) await action(registry, i);
      });
    });
    return name === ONE_REQUEST ? measure : { ...measure, floor: `${ONE_REQUEST}, in a row` };
  }

  /** Else the largest would fill the disk, or the memory where that is the disk. */
  async function clear(): Promise<void> {
    const keys: string[] = [];
    for await (const entry of store.list("")) if ("key" in entry) keys.push(entry.key);
    const { length } = await store.deleteMany!(
      keys.filter((key) => /^(s5|registry\/(objects|names))\//.test(key)),
    );
    if (length > 0) throw new Error("Cannot measure: what was saved could not be removed");
    for (const path of [target, `${target}-s5`]) fs.rmSync(path, { recursive: true, force: true });
  }
}

function all({ errors }: BatchResult<unknown>): void {
  const [error] = errors.values();
  if (error !== undefined) throw error;
}
