// Writes the records of many versions as saves and mirrors would, as fast as the store allows.
import fs from "node:fs";
import { dirname, join } from "node:path";
import { createLocalBackend } from "../../../backends/local.ts";
import { keyLayout } from "../../../backends/local/layout.ts";
import type { Backend } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { realSystem } from "../../../core/system.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { writeTar } from "../../../formats/archive/tar_write.ts";
import { mirrorRegistry } from "@holdfast/holdfast/maintenance";
import { openRegistry } from "../../../mod.ts";
import { recordKey, versionCell } from "../../../registry/format/layout.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";

/** Names with so many versions each. */
export interface GeneratedNames {
  names: number;
  versions: number;
  /** A generated registry of which this one is a mirror. @default none */
  of?: Backend;
}

type Record = [key: string, bytes: Uint8Array, at: Date];

const DAY_MS = 24 * 60 * 60 * 1000;

/** Returns the name of a number. */
export function nameOf(n: number): string {
  return `data:${String(n).padStart(7, "0")}`;
}

/**
 * Creates a registry in a folder, with a record for each version of a small value. By its record, a
 * version was saved a day after the one before it, and the newest ones now. The folder received
 * all of them now.
 */
export async function generateFolder(path: string, size: GeneratedNames): Promise<void> {
  const pathOf = keyLayout("folded").pathOf;
  let folder = "";
  const store = createLocalBackend({ path, durability: "os" });
  const timeOf = (_: number, daysAgo: number) => realSystem.now() - daysAgo * DAY_MS;
  for (const [key, bytes] of await generate(store, size, timeOf)) {
    const file = join(path, pathOf(key)!);
    if (dirname(file) !== folder) fs.mkdirSync(folder = dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
  }
}

/** Records of one tar file. */
const TOGETHER = 500;

/**
 * The same below a prefix in MinIO, which unpacks tar files in the bucket and keeps their times. The
 * saves of a day are as far apart as they can be.
 */
export async function generateInMinio(
  open: (prefix: string) => Promise<Backend>,
  prefix: string,
  size: GeneratedNames,
): Promise<void> {
  const end = realSystem.now();
  const records = await generate(await open(prefix), size, (n, daysAgo) => {
    const at = end - DAY_MS * (daysAgo + 1 - (n + 1) / (size.names + 1));
    return Math.floor(at / 1000) * 1000; // a tar has whole seconds
  });
  const bucket = await open("");
  const metadata = { "snowball-auto-extract": "true" };
  await forEachAtOnce(batches(records, TOGETHER), async (batch) => {
    const tar = concatBytes(await Array.fromAsync(writeTar(entriesOf(prefix, batch))));
    await bucket.put("records.tar", tar, { metadata });
  }, { concurrency: 4 });
}

function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    if (batch.push(item) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* entriesOf(prefix: string, records: readonly Record[]) {
  for (const [key, content, modifiedAt] of records) {
    yield { path: `${prefix}/${key}`, content, modifiedAt };
  }
}

/** Creates a registry, and returns the records to write into it. */
async function generate(
  store: Backend,
  { names, versions, of }: GeneratedNames,
  timeOf: (n: number, daysAgo: number) => number,
): Promise<Iterable<Record>> {
  const keyOf = (name: string, version: string) =>
    recordKey(versionCell(name, parseVersion(version), true), 1);
  await using registry = await openRegistry(store, { cache: false });
  if (of === undefined) await registry.save("example", { seed: 0 }, { version: "1.0.0" });
  else {
    await using original = await openRegistry(of, { cache: false });
    await mirrorRegistry(original, registry, { names: ["example"] });
  }
  const key = keyOf("example", "1.0.0");
  const { record, inline } = decodeRecord(await (await store.get(key))!.bytes(), key);
  const { origin } = record as VersionRecord;
  return function* (): Generator<Record> {
    for (let n = 0; n < names; n++) {
      const name = nameOf(n);
      for (let v = 1; v <= versions; v++) {
        const version = `${v}.0.0`;
        const at = new Date(timeOf(n, versions - v)); // a log reads all that look older
        const time = at.toISOString();
        const ofCommit = n * versions + v;
        const next: VersionRecord = {
          ...record as VersionRecord,
          ...{ startedAt: time, createdAt: time, name, version },
          commit: commitOf(ofCommit, of !== undefined),
          ...origin && { origin: { ...origin, commit: commitOf(ofCommit, false) } },
        };
        yield [keyOf(name, version), encodeRecord(next, [inline]), at];
      }
    }
  }();
}

/** Returns an id in the form of those of saves, so that a mirror finds the versions of its source. */
function commitOf(n: number, isCopy: boolean): string {
  return `01900000-000${Number(isCopy)}-7000-8000-${n.toString(16).padStart(12, "0")}`;
}
