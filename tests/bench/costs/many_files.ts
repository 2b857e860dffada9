// Requests of versions with many files, whose lists are in pages.
import { join } from "node:path";
import { createMemoryBackend, type Materializer, openRegistry } from "../../../mod.ts";
import { listFiles, openFile } from "../../../registry/mod.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { withCounts } from "../counted_backend.ts";
import { measure } from "../many/nights.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { textOf } from "./costs.ts";

const FILE_BYTES = 100;

/** The place of a file in a folder of ImageNet. */
function pathOf(file: number): string {
  const label = `n${String(file % 1000).padStart(8, "0")}`;
  return `train/${label}/${label}_${file}.JPEG`;
}

/** So many small files, of which one may have other bytes. */
class Folder {
  constructor(readonly count: number, readonly changed = -1) {}
}

const FOLDER: Materializer<Folder> = {
  id: "bench/folder",
  formatVersion: 1,
  accepts: (value) => value instanceof Folder,
  async *save({ count, changed }) {
    for (let file = 0; file < count; file++) {
      const content = new Uint8Array(FILE_BYTES);
      new DataView(content.buffer).setUint32(0, file === changed ? count : file);
      yield { path: pathOf(file), content };
    }
  },
  load: ({ info }) => Promise.resolve(new Folder(info.files.length)),
};

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
