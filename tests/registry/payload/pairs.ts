// Pairs of versions as people make them, of eight kinds of data.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deflateSync } from "node:zlib";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { createRandom } from "../../simulate/random.ts";
import { noise } from "../registries.ts";

const MIB = 1024 * 1024;

export interface Pair {
  old: Uint8Array;
  new: Uint8Array;
  /** Most that the second version may add, as a share of its size. */
  most: number;
}

/** Makes the pairs, each with about this many bytes. */
export function makePairs(bytes: number): Record<string, () => Pair> {
  const size = bytes / MIB;
  const rows = (count: number, seed: number, first = 0): string[] => {
    const random = createRandom(seed);
    const cities = ["Berlin", "Paris", "Oslo", "Rome"];
    return Array.from({ length: count }, (_, i) => {
      const price = random.between(1, 200).toFixed(2);
      return `${first + i},${random.int(50_000)},${price},${random.pick(cities)}\n`;
    });
  };
  const count = Math.round(bytes / 24);
  const table = rows(count, 1), more = rows(count / 50, 2, count);
  const text = (lines: readonly string[]) => new TextEncoder().encode(lines.join(""));
  return {
    checkpoint() {
      const blocks = Array.from({ length: 12 }, (_, i) => noise(bytes / 12, i + 1));
      const trained = [...blocks.slice(0, 11), noise(bytes / 12, 99)];
      return { old: concatBytes(blocks), new: concatBytes(trained), most: 0.11 };
    },
    csv_append: () => ({ old: text(table), new: text([...table, ...more]), most: 0.03 }),
    csv_edit() {
      const random = createRandom(3);
      const edited = [...table];
      for (let n = 0; n < size / 2; n++) edited[random.int(count)] = "7,7,12345.67,Paris\n";
      for (let n = 0; n < size / 8; n++) edited.splice(random.int(count), 1);
      return { old: text(table), new: text(edited), most: 0.04 };
    },
    jsonl_insert() {
      const lines = table.map((row) => `${JSON.stringify(row.trim().split(","))}\n`);
      return { old: text(lines), new: text(['{"note":"first"}\n', ...lines]), most: 0.02 };
    },
    npy_append() {
      const values = noise(bytes, 5);
      const grown = concatBytes([values, noise(bytes / 50, 6)]);
      grown[40]! ^= 1; // the shape in the header
      return { old: values, new: grown, most: 0.04 };
    },
    parquet_append() {
      const groups = (lines: readonly string[]) => {
        const packed: Uint8Array[] = [];
        for (let at = 0; at < lines.length; at += 50_000) {
          packed.push(deflateSync(text(lines.slice(at, at + 50_000))));
        }
        return concatBytes([...packed, noise(2_000, lines.length)]);
      };
      return { old: groups(table), new: groups([...table, ...more]), most: 0.25 };
    },
    sqlite_update() {
      const folder = mkdtempSync(join(tmpdir(), "holdfast-pairs-"));
      const path = join(folder, "data.db");
      const random = createRandom(4);
      const value = () => Array.from({ length: 10 }, () => random.int(1e9).toString(36)).join("");
      const database = new DatabaseSync(path);
      database.exec("create table t (id integer primary key, v text); begin");
      const insert = database.prepare("insert into t values (?, ?)");
      for (let id = 0; id < bytes / 80; id++) insert.run(id, value());
      database.exec("commit");
      const old = new Uint8Array(readFileSync(path));
      const update = database.prepare("update t set v = ? where id = ?");
      for (let n = 0; n < 4 * size; n++) update.run(value(), random.int(bytes / 80));
      database.close();
      const changed = new Uint8Array(readFileSync(path));
      rmSync(folder, { recursive: true });
      return { old, new: changed, most: 0.2 };
    },
    tar_update() {
      const files = Array.from(
        { length: 40 * size },
        (_, i) => concatBytes([new Uint8Array(512).fill(i), noise(25_088, i + 1)]),
      );
      const added = [...files];
      added.splice(10, 0, new Uint8Array(3072).fill(120));
      added[30] = concatBytes([added[30]!.subarray(0, 600), noise(25_000, 77)]);
      return { old: concatBytes(files), new: concatBytes(added), most: 0.02 };
    },
  };
}
