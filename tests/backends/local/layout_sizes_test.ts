import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { keyLayout } from "../../../backends/local/layout.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import {
  aliasCell,
  ALIVE,
  keyCell,
  payloadFolder,
  recordKey,
  versionCell,
} from "../../../registry/format/layout.ts";
import { anyKey, ID } from "./layout_samples.ts";

const { pathOf } = keyLayout("folded");

/** The keys of a version: its record and an object of payload. */
function keysOf(version: string, { name = "n", generation = 1 } = {}): string[] {
  const parsed = parseVersion(version);
  const payload = payloadFolder(name, { order: parsed.order, commit: ID });
  return [recordKey(versionCell(name, parsed, true), generation), `${payload}0`];
}

/** The number of entries of the largest folder, and the depth of the deepest path. */
function measure(keys: Iterable<string>): { entries: number; depth: number } {
  const folders = new Map<string, Set<string>>();
  let depth = 0;
  for (const key of keys) {
    const steps = pathOf(key)!.split("/");
    depth = Math.max(depth, steps.length);
    for (let i = 0, folder = ""; i < steps.length; folder += `${steps[i++]}/`) {
      const entries = folders.get(folder) ?? new Set();
      folders.set(folder, entries.add(steps[i]));
    }
  }
  return { entries: Math.max(...Array.from(folders.values(), ({ size }) => size)), depth };
}

function many(count: number, keysAt: (index: number) => string[]): string[] {
  return Array.from({ length: count }, (_, index) => keysAt(index)).flat();
}

const DAYS = many(10_000, (day) => {
  const date = new Date(Date.UTC(2000, 0, 1 + day));
  return [`${date.getUTCFullYear()}.${date.getUTCMonth() + 1}.${date.getUTCDate()}`];
});

/** Typical sets of keys, with the limit of entries in one folder. */
const KEPT: [what: string, keys: () => string[], entries: number][] = [
  ["20,000 automatic versions", () => many(20_000, (i) => keysOf(`${i + 1}.0.0`)), 22],
  ["0.0.1 to 0.0.20000", () => many(20_000, (i) => keysOf(`0.0.${i + 1}`)), 22],
  ["1.0.0 to 1.20000.0", () => many(20_000, (i) => keysOf(`1.${i}.0`)), 22],
  ["a version for each day of 27 years", () => DAYS.flatMap((day) => keysOf(day)), 100],
  [
    "the days of a year as prereleases",
    () => DAYS.slice(0, 366).flatMap((day) => keysOf(`1.0.0-${day}`)),
    100,
  ],
  ["10,000 release candidates", () => many(10_000, (i) => keysOf(`2.0.0-rc.${i}`)), 22],
  [
    "5,000 generations of a cell",
    () => many(5_000, (i) => keysOf("1.0.0", { generation: i + 1 })),
    22,
  ],
  [
    "5,000 generations of an alias",
    () => many(5_000, (i) => [recordKey(aliasCell("n", "a"), i + 1)]),
    22,
  ],
  [
    "5,000 objects of a payload",
    () =>
      [ALIVE, ...many(5_000, (i) => [`${i}`])].map((n) =>
        payloadFolder("n", { order: "p8p9p9", commit: ID }) + n
      ),
    22,
  ],
  ["10,000 names", () => many(10_000, (i) => keysOf("1.0.0", { name: `name-${i}` })), 200],
  [
    "10,000 names of one length",
    () => many(10_000, (i) => keysOf("1.0.0", { name: `n${10_000 + i}` })),
    110,
  ],
];

for (const [what, keys, most] of KEPT) {
  Deno.test(`folded: ${what} are folders of at most ${most} entries`, () => {
    const { entries, depth } = measure(keys());
    assert(entries <= most, `${entries} entries, ${depth} deep`);
    assert(depth <= 14, `${depth} deep`);
  });
}

/** The names that Windows reserves or refuses. */
const NOT_ON_WINDOWS = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)|[<>:"\\|?*]|[. ]$/i;

Deno.test("folded: disks accept every name, without case", () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      for (const step of pathOf(key)!.split("/")) {
        assert(
          step.length <= 255 && !NOT_ON_WINDOWS.test(step) && /^[!-@\[-~]+$/.test(step),
          `${step} of ${key}`,
        );
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("folded: the longest keys have names of at most 255 bytes", () => {
  const name = "n".repeat(200);
  const most = Number.MAX_SAFE_INTEGER;
  const generation = most - 1;
  const releases = [`${most}.${most}.${most}`, "0.0.0"].map(parseVersion);
  // A character takes two bytes of the segment, which has 6 + 1 + 190 + 2.
  const longest = `1.0.0-${"x".repeat(95)}`;
  const prereleases = [longest, `1.0.0-${Array(10).fill(most).join(".")}`].map(parseVersion);
  assertEquals(prereleases[0].order.length, 199);
  const cells = [aliasCell(name, name), keyCell(name, name), versionCell(name, releases[0], false)];
  for (const version of [...releases, ...prereleases]) {
    cells.push(versionCell(name, version, true));
    const payload = payloadFolder(name, { order: version.order, commit: ID });
    for (const file of [ALIVE, "0", String(most)]) assertNames(payload + file);
  }
  for (const cell of cells) {
    for (const number of [1, 12, generation]) assertNames(recordKey(cell, number));
  }
});

function assertNames(key: string): void {
  for (const step of pathOf(key)!.split("/")) assert(step.length <= 255, `${step} of ${key}`);
}
