// Saves and loads of 1 KiB.
import { saveMany } from "../../registry/contract/many.ts";
import fs from "node:fs";
import { join } from "node:path";
import { openRegistry } from "../../mod.ts";
import type { Registry } from "../../core/registry.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { writeLinkUnlink } from "./floors.ts";
import { type BenchSettings, type Group, type Measure, timed } from "./measure.ts";
import { smallObject } from "./values.ts";

const FLOOR = {
  os: "floor: make a folder, write, link, unlink",
  disk: "floor: the same, all of it with fsync",
};
const READ_FLOOR = "floor: read, SHA-256, parse";

/**
 * Saves of new names, and loads of them, warm (all by the same handle once before) and cold (a handle that never saw
 * them).
 */
export async function createSmallGroup({ folder, operations }: BenchSettings): Promise<Group> {
  const values = Array.from({ length: operations }, (_, i) => smallObject(i));
  const names = values.map((_, i) => `name-${String(i).padStart(5, "0")}`);
  const order = names.map((_, i) => (i * 7919) % operations); // as good as shuffled
  const recordBytes = new Uint8Array(1_600).fill(97); // about what a record of 1 KiB has
  const stored = join(folder, "stored");
  const warm = await openRegistry(stored, { durability: "os" });
  for (const [i, name] of names.entries()) await warm.save(name, values[i], { version: "1.0.0" });
  const files = fs.readdirSync(join(stored, "names"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rec")).sort().map((name) => join(stored, "names", name));
  const reopened = () => openRegistry(stored, { create: false });
  let round = 0;

  return {
    measures: [
      save("save 1 KiB, explicit version, os", {
        durability: "os",
      }),
      save("save 1 KiB, next version, os", {
        durability: "os",
        automatic: true,
      }),
      rawSave(FLOOR.os, { fsync: false, mkdir: true }),
      rawSave("write, link, unlink in one folder", { fsync: false, mkdir: false }),
      save("save 1 KiB, explicit version, disk", {
        durability: "disk",
      }),
      saveInBatch("save 1 KiB, saveMany, disk", { version: "1.0.0" }),
      saveInBatch("save 1 KiB, saveMany of one name's versions, disk", { name: "one" }),
      rawSave(FLOOR.disk, { fsync: true, mkdir: true }),
      rawSave("write, fsync, link, unlink in one folder, fsync", { fsync: true, mkdir: false }),
      load("load 1 KiB, explicit version, warm", () => warm, "@1.0.0"),
      load("load 1 KiB, latest, warm", () => warm, ""),
      load("load 1 KiB, latest, cold", reopened, ""),
      {
        name: READ_FLOOR,
        count: operations,
        unit: "op",
        run: () => timed(() => order.forEach((i) => rawLoad(files[i]))),
      },
      {
        name: "open an existing registry",
        count: 1,
        unit: "op",
        run: () => timed(reopened),
      },
    ],
    [Symbol.asyncDispose]: () => warm[Symbol.asyncDispose](),
  };

  function save(
    name: string,
    options: { durability: "os" | "disk"; automatic?: boolean },
  ): Measure {
    const { durability, automatic = false } = options;
    const run = async () => {
      const path = join(folder, `saved-${round++}`);
      const registry = await openRegistry(path, { durability });
      const time = await timed(async () => {
        for (const [i, name] of names.entries()) {
          await registry.save(name, values[i], automatic ? {} : { version: "1.0.0" });
        }
      });
      fs.rmSync(path, { recursive: true });
      return time;
    };
    return { name, count: operations, unit: "op", floor: FLOOR[durability], run };
  }

  function saveInBatch(label: string, what: { name?: string; version?: string }): Measure {
    const run = async () => {
      const path = join(folder, `saved-${round++}`);
      const registry = await openRegistry(path, { durability: "disk" });
      const entries = names.map((name, i) => ({
        name,
        value: values[i],
        version: `0.0.${i}`,
        ...what,
      }));
      const time = await timed(async () => {
        const { failed, errors } = await saveMany(registry, entries);
        if (failed.length > 0) throw errors.get(failed[0]);
      });
      fs.rmSync(path, { recursive: true });
      return time;
    };
    return { name: label, count: operations, unit: "op", floor: FLOOR.disk, run };
  }

  function rawSave(name: string, options: { fsync: boolean; mkdir: boolean }): Measure {
    const run = async () => {
      const path = join(folder, `raw-${round++}`);
      fs.mkdirSync(path);
      const time = await timed(async () => {
        for (const name of names) {
          const target = options.mkdir ? join(path, name, "1.rec") : join(path, name);
          await writeLinkUnlink(join(path, ".stage"), { target, bytes: recordBytes }, options);
        }
      });
      fs.rmSync(path, { recursive: true });
      return time;
    };
    return { name, count: operations, unit: "op", run };
  }

  function load(
    name: string,
    open: () => Registry | Promise<Registry>,
    version: string,
  ): Measure {
    const run = async () => {
      const registry = await open();
      const loads = async () => {
        for (const i of order) await registry.load(names[i] + version);
      };
      if (registry === warm) await loads();
      return await timed(loads);
    };
    return { name, count: operations, unit: "op", floor: READ_FLOOR, run };
  }
}

/** The floor of a load: one read, two digests, two JSON strings. */
function rawLoad(path: string): void {
  const bytes = fs.readFileSync(path);
  const end = bytes.indexOf(10);
  for (const part of [bytes.subarray(0, end), bytes.subarray(end + 1)]) {
    sha256(part);
    JSON.parse(part.toString());
  }
}
