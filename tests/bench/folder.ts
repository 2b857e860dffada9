// A folder of 1 GiB that is saved again after one file changed.
import fs from "node:fs";
import { join } from "node:path";
import { localPath, openRegistry } from "../../mod.ts";
import { folderBytes, streamAndHash } from "./floors.ts";
import { timed } from "./measure.ts";
import type { BenchSettings, Group } from "./measure.ts";
import { MIB, randomBytes } from "./values.ts";

const FLOOR = "floor: read and SHA-256 every file";

/** Saving a folder again. The first save is timed once, while the group is made. */
export async function createFolderGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const [files, mib] = quick ? [16, 1] : [256, 4];
  const data = join(folder, "data");
  const stored = join(folder, "stored");
  fs.mkdirSync(data);
  for (let i = 0; i < files; i++) {
    fs.writeFileSync(join(data, `file-${i}.bin`), randomBytes(mib * MIB));
  }
  const registry = await openRegistry(stored, { durability: "os" });
  const first = await timed(() => registry.save("data", localPath(data)));
  const firstBytes = folderBytes(stored);
  let round = 0;
  let added = 0;

  return {
    measures: [
      {
        name: `save ${files * mib} MiB in ${files} files again, one of them changed`,
        count: files * mib,
        unit: "MiB",
        floor: FLOOR,
        async run() {
          fs.writeFileSync(join(data, "file-0.bin"), randomBytes(mib * MIB));
          const before = folderBytes(stored);
          const time = await timed(() => registry.save("data", localPath(data)));
          added = folderBytes(stored) - before;
          round++;
          return time;
        },
        facts: () => ({
          "first save ms": Math.round(first.wallMs),
          "first save bytes": firstBytes,
          "bytes added": added,
          saves: round,
        }),
      },
      {
        name: FLOOR,
        count: files * mib,
        unit: "MiB",
        run: () =>
          timed(() => fs.readdirSync(data).forEach((file) => streamAndHash(join(data, file)))),
      },
    ],
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}
