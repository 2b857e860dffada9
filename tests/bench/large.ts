// Saves and loads of 64 MiB.
import fs from "node:fs";
import { join } from "node:path";
import { openRegistry } from "../../mod.ts";
import { readAndHash, writeAndHash } from "./floors.ts";
import { timed } from "./measure.ts";
import type { BenchSettings, Group, Measure } from "./measure.ts";
import { MIB, randomBytes } from "./values.ts";

const WRITE_FLOOR = { os: "floor: write, SHA-256", disk: "floor: write, SHA-256, fsync" };
const READ_FLOOR = "floor: read, SHA-256";

/** Saves and loads of one large array of bytes. */
export async function createLargeGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const mib = quick ? 8 : 64;
  const bytes = randomBytes(mib * MIB);
  const plain = join(folder, "plain");
  writeAndHash(plain, bytes, { fsync: false });
  const stored = await openRegistry(join(folder, "stored"), { durability: "os" });
  await stored.save("blob", bytes);

  return {
    measures: [
      save("os"),
      rawSave("os"),
      save("disk"),
      rawSave("disk"),
      measure(`load ${mib} MiB`, () => timed(() => stored.load("blob")), {
        floor: READ_FLOOR,
      }),
      measure(
        `load ${mib} MiB, not verified`,
        () => timed(() => stored.load("blob", { verify: "none" })),
      ),
      measure(READ_FLOOR, () => timed(() => readAndHash(plain))),
    ],
    [Symbol.asyncDispose]: () => stored[Symbol.asyncDispose](),
  };

  function measure(name: string, run: Measure["run"], rest: Partial<Measure> = {}): Measure {
    return { name, count: mib, unit: "MiB", run, ...rest };
  }

  function save(durability: "os" | "disk"): Measure {
    const run = async () => {
      const path = join(folder, "saved");
      const registry = await openRegistry(path, { durability });
      const time = await timed(() => registry.save("blob", bytes));
      fs.rmSync(path, { recursive: true });
      return time;
    };
    return measure(`save ${mib} MiB, ${durability}`, run, { floor: WRITE_FLOOR[durability] });
  }

  function rawSave(durability: "os" | "disk"): Measure {
    const path = join(folder, "raw");
    const run = async () => {
      const time = await timed(() => writeAndHash(path, bytes, { fsync: durability === "disk" }));
      fs.rmSync(path);
      return time;
    };
    return measure(WRITE_FLOOR[durability], run);
  }
}
