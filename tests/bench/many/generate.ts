// Writes the records of many versions as saves would, as fast as the store allows.
import fs from "node:fs";
import { dirname, join } from "node:path";
import { createLocalBackend } from "../../../backends/local.ts";
import { keyLayout } from "../../../backends/local/layout.ts";
import type { Backend } from "../../../core/backend.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { realSystem } from "../../../core/system.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { openRegistry } from "../../../mod.ts";
import { recordKey, versionCell } from "../../../registry/format/layout.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";

/** Names with so many versions each. */
export interface GeneratedNames {
  names: number;
  versions: number;
}

/** Returns the name of a number. */
export function nameOf(n: number): string {
  return `data:${String(n).padStart(7, "0")}`;
}

/** Creates a registry in a folder, with a record for each version of a small value. */
export async function generateFolder(path: string, size: GeneratedNames): Promise<void> {
  const pathOf = keyLayout("folded").pathOf;
  let folder = "";
  for (const [key, bytes] of await generate(createLocalBackend({ path, durability: "os" }), size)) {
    const file = join(path, pathOf(key)!);
    if (dirname(file) !== folder) fs.mkdirSync(folder = dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
  }
}

/** The same in any store. */
export async function generateIn(store: Backend, size: GeneratedNames): Promise<void> {
  const records = await generate(store, size);
  await forEachAtOnce(records, ([key, bytes]) => store.put(key, bytes), { concurrency: 64 });
}

/** Creates a registry, and returns the records to write into it. */
async function generate(
  store: Backend,
  { names, versions }: GeneratedNames,
): Promise<Iterable<[key: string, bytes: Uint8Array]>> {
  const keyOf = (name: string, version: string) =>
    recordKey(versionCell(name, parseVersion(version), true), 1);
  await using registry = await openRegistry(store, { cache: false });
  await registry.save("example", { seed: 0 }, { version: "1.0.0" });
  const key = keyOf("example", "1.0.0");
  const { record, inline } = decodeRecord(await (await store.get(key))!.bytes(), key);
  return function* (): Generator<[string, Uint8Array]> {
    for (let n = 0; n < names; n++) {
      const name = nameOf(n);
      for (let v = 1; v <= versions; v++) {
        const version = `${v}.0.0`;
        const now = new Date(realSystem.now()).toISOString(); // a log reads all that look older
        const times = { startedAt: now, createdAt: now };
        const commit = realSystem.id();
        const next = { ...record as VersionRecord, ...times, name, version, commit };
        yield [keyOf(name, version), encodeRecord(next, [inline])];
      }
    }
  }();
}
