// Damages files of each format in ways that a seed says, and reads them: each is a value, or fails as files do, in time and
// in memory; and what has checksums is the value that it was. Run it for longer:
// `deno run -A tests/formats/mutate/mutate.ts 100000 [first seed] [format]`.
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import type { FileToDecode } from "../../../core/file_store.ts";
import type { Table } from "../../../formats/tables/table.ts";
import type { ArchiveEntry } from "../../../formats/archive.ts";
import { createFormats } from "../../../formats/mod.ts";
import { fileOf } from "../format_files.ts";
import { sampleFiles } from "./samples.ts";

/** The outcome of an attack. */
export interface Outcome {
  /** Damaged files that were read. */
  files: number;
  /** Those that gave a value. */
  values: number;
  /** Violations, a line each. */
  faults: string[];
}

/** Formats whose files contain a checksum: reading returns what was written, or fails. */
const SUMMED = ["png", "tgz", "zip"];
/** No file takes longer, ms: each is of some kilobytes. */
const MAX_MS = 10_000;
/** No process of this takes more memory, bytes: files and limits of formats are small. */
const MAX_RSS = 1536 * 1024 * 1024;

/** A sequence of whole numbers below a bound, the same for a seed (mulberry32). */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = state + 0x6d2b79f5 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) % below;
  };
}

/** A damaged copy. */
export function damaged(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  let copy = bytes.slice();
  for (let times = 1 + next(1 + next(4)); times > 0; times--) {
    const at = next(Math.max(1, copy.length));
    const length = 1 + next(16);
    switch (next(7)) {
      case 0:
        copy = copy.slice(0, at);
        break;
      case 1:
        copy = concatBytes([copy.subarray(0, at), copy.subarray(at + length)]).slice();
        break;
      case 2:
        copy = concatBytes([copy.subarray(0, at + length), copy.subarray(at)]).slice();
        break;
      case 3: // numbers at the limits of their bytes
        copy.fill([0, 0xff, 0x7f, 0x80][next(4)], at, at + [1, 2, 4, 8][next(4)]);
        break;
      default:
        copy[at] ^= 1 << next(8);
    }
  }
  return copy;
}

/** Reads all of a file, as text that can be compared. */
async function readAllOf(id: string, file: FileToDecode): Promise<string> {
  const value = await (await createFormats().get(id)).decode(file);
  if (SUMMED.includes(id) && Array.isArray(value)) {
    const entries = await Promise.all(
      (value as ArchiveEntry[]).map(async ({ bytes }) => [...await bytes()].join()),
    );
    return entries.sort().join("\n");
  }
  if (Array.isArray(value)) await Promise.all(value.map((entry) => entry?.bytes?.()));
  if (typeof (value as Table)?.rows === "function") {
    for await (const _row of (value as Table).rows());
  }
  const { data, width } = (value ?? {}) as { data?: Uint8Array; width?: number };
  return data === undefined ? "" : `${width}: ${data.join()}`;
}

export interface AttackOptions {
  /** @default 0 */
  first?: number;
  /** The only format to attack. @default all */
  only?: string;
  /** Memory of the process in bytes. A test shares it with others. @default any */
  maxRss?: number;
}

/** Reads a damaged file for each seed. */
export async function attack(
  seeds: number,
  { first = 0, only, maxRss = Infinity }: AttackOptions = {},
): Promise<Outcome> {
  const files = (await sampleFiles()).filter(({ id }) => only === undefined || id === only);
  const whole = new Map<unknown, string>();
  for (const file of files) whole.set(file, await readAllOf(file.id, fileOf(file.bytes)));
  const outcome: Outcome = { files: 0, values: 0, faults: [] };
  for (let seed = first; seed < first + seeds; seed++) {
    const next = numbers(seed);
    const file = files[next(files.length)];
    const began = realSystem.monotonic();
    const said = (what: string) => outcome.faults.push(`seed ${seed}, ${file.id}: ${what}`);
    outcome.files++;
    try {
      const found = await readAllOf(file.id, fileOf(damaged(file.bytes, next)));
      outcome.values++;
      // Entries may vanish with their directory, and folders and links be made of files; bytes stay what they were.
      const isSame = found === whole.get(file) ||
        found.split("\n").every((entry) => whole.get(file)!.split("\n").includes(entry));
      if (SUMMED.includes(file.id) && !isSame) said("another value");
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "Unsupported", "Conflict")) said(String(error));
    }
    const took = realSystem.monotonic() - began;
    if (took > MAX_MS) said(`it took ${Math.round(took)} ms`);
    const { rss } = Deno.memoryUsage();
    if (seed % 100 === 0 && rss > maxRss) said(`${Math.round(rss / 2 ** 20)} MiB of memory`);
  }
  return outcome;
}

if (import.meta.main) {
  const [seeds = "10000", first = "0", only] = Deno.args;
  const { files, values, faults } = await attack(Number(seeds), {
    first: Number(first),
    only,
    maxRss: MAX_RSS,
  });
  console.log(`${files} damaged files, ${values} of them values, ${faults.length} faults`);
  console.log(faults.slice(0, 20).join("\n"));
  Deno.exit(faults.length === 0 ? 0 : 1);
}
