// Requests of versions with many files, whose lists are in pages.
import { join } from "node:path";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { listFiles, openFile } from "../../../registry/mod.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { withCounts } from "../counted_backend.ts";
import { measure } from "../many/nights.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { textOf } from "./costs.ts";
import { FOLDER, Folder, pathOf } from "./folder_values.ts";

type Operation = (registry: StoredRegistry, count: number) => Promise<unknown>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "save": (registry, count) => registry.save("set", new Folder(count), { as: FOLDER }),
  "save with one file changed": (registry, count) =>
    registry.save("set", new Folder(count, count >> 1), { as: FOLDER }),
  "`openFile` of one file": (registry, count) =>
    openFile(registry, "set", { path: pathOf(count >> 2) }),
  "`listFiles`, the first 50": async (registry) => {
    let left = 50;
    for await (const _ of listFiles(registry, "set")) if (--left === 0) break;
  },
  "`open`, which holds a row of each file": (registry) => registry.open("set"),
};

export async function createManyFilesGroup(
  { folder, quick, n }: BenchSettings,
): Promise<Group> {
  const sizes = n !== undefined ? [n] : quick ? [100, 1_000] : [10_000, 100_000, 1_281_167];
  const worlds = await Promise.all(sizes.map(async (count) => {
    const system = createScriptedSystem();
    const { backend, calls } = withCounts(createMemoryBackend({ system }));
    return { count, calls, registry: await openRegistry(backend, { system }) };
  }));
  const measures = Object.entries(OPERATIONS).map(([name, run]) => {
    const counted: Record<string, string> = {};
    return {
      ...{ name, count: 1, unit: "op" } as const,
      async run(): Promise<Timing> {
        for (const { count, calls, registry } of worlds) {
          calls.take();
          await run(registry, count);
          counted[`${count.toLocaleString("en")} files`] = textOf(calls.counts);
        }
        return { wallMs: 0, cpuMs: 0 };
      },
      columns: () => counted,
    };
  });
  const mirror = mirrorMeasure(sizes.at(-1)!, folder);
  return { measures: [...measures, mirror], [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Copies such a version from one folder to another, in a process that did not save it. */
function mirrorMeasure(count: number, folder: string): Measure {
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  const title = `\`mirror\` of ${count.toLocaleString("en")} files to an empty registry`;
  const mirror = measure(title, ["mirror", from, to]);
  return {
    ...mirror,
    async run() {
      await using registry = await openRegistry(from, { durability: "os", cache: false });
      await registry.save("set", new Folder(count), { as: FOLDER });
      return await mirror.run();
    },
  };
}

const PROGRAM = "tests/bench/costs/many_files_process.ts";

/** Operations on one version, each in a process of its own. */
const OF_ONE_VERSION = [
  ["save", "save, which holds a row for each file"],
  ["file", "one file, through a service"],
  ["files", "the first 1,000 of its list"],
  ["info", "its info, with all files"],
  ["hub_file", "one file of the Hub"],
  ["hub_folder", "a folder of the Hub"],
  ["hub_all", "1,000 of all entries of the Hub"],
  ["hub_paths", "`paths-info` of 1,000 of all paths"],
  ["hub_refs", "refs of the Hub"],
  ["dav_file", "one file over WebDAV"],
  ["dav_folder", "a folder over WebDAV"],
  ["s3_file", "one file over S3"],
  ["s3_folder", "a folder over S3"],
  ["s3_folders", "the first 100 of 1,000 folders over S3"],
  ["client_file", "`openFile` by a client of a service"],
  ["client_list", "`listFiles` by a client of a service"],
  ["client_info", "`info` by a client of a service, all files"],
  ["list", "`listFiles`"],
  ["verify", "`verify`"],
  ["tar", "`archive?format=tar`"],
  ["zip", "`archive?format=zip`"],
  ["save_changed", "save with one file changed"],
] as const;

/** Reads and saves of a version of `--n` files, in a folder on a disk. */
export function createOneVersionGroup({ folder, quick, n }: BenchSettings): Promise<Group> {
  const count = String(n ?? (quick ? 1_000 : 300_000));
  const measures = OF_ONE_VERSION.map(([operation, title]) =>
    measure(title, [operation, join(folder, "set"), count], { program: PROGRAM })
  );
  return Promise.resolve({ measures, [Symbol.asyncDispose]: () => Promise.resolve() });
}
