// Files that pandas wrote, and what pandas, SciPy and NumPy compute of them: reference.py.
import { assert } from "@std/assert";
import { findPython, runPython } from "../../../tests/support/numpy.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { fakeFile, type NotedFile } from "../support/fake_file.ts";

const python = await findPython("pandas, pyarrow, scipy");

/** Infinities and NaN are their names; whole numbers of more than 53 bits and times are digits. */
export type Plain = number | string | boolean | null;

interface Expected {
  readonly tables: Record<string, {
    readonly statistics: Record<string, {
      readonly missing: number;
      readonly distinct?: number;
      readonly min: Plain;
      readonly max: Plain;
      readonly mean?: Plain;
    }>;
    readonly filters: Record<string, readonly number[]>;
    readonly orders: Record<string, readonly number[]>;
  }>;
  readonly "run orders": Record<string, readonly number[]>;
  readonly "run filters": Record<string, readonly number[]>;
  readonly groups: Record<
    string,
    readonly {
      readonly value: Plain;
      readonly count: number;
      readonly means: Record<string, Plain>;
      readonly "best error": Plain;
      readonly "best score": Plain;
    }[]
  >;
  readonly numbers: Record<string, {
    readonly value: number;
    readonly versions: number;
    readonly strength: number;
    readonly bent: boolean;
  }>;
  readonly words: Record<string, {
    readonly value: number;
    readonly versions: number;
    readonly strength: number;
    readonly words: readonly (readonly [string, number])[];
  }>;
  readonly quarters: readonly (readonly number[])[];
  readonly "best so far": Record<"high" | "low", readonly Plain[]>;
  readonly smoothed: Record<string, readonly number[]>;
  readonly "smoothed steps": readonly number[];
  readonly filtered: readonly number[];
  readonly long: { readonly values: readonly number[]; readonly smoothed: readonly number[] };
  readonly values: {
    readonly last: Plain;
    readonly min: readonly [value: number, step: number];
    readonly max: readonly [value: number, step: number];
    readonly gaps: number;
  };
  readonly resumed: Record<"x" | "y" | "last", readonly number[]>;
  readonly "large orders": Record<string, readonly number[]>;
  readonly "by key": {
    readonly added: number;
    readonly removed: number;
    readonly changed: number;
    readonly columns: Record<string, number>;
  };
  readonly "by content": Record<string, { readonly old: number; readonly new: number }>;
  readonly arrays: Record<string, {
    readonly count: number;
    readonly notANumber: number;
    readonly infinite: number;
    readonly zeros: number;
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly deviation: number;
    readonly texts: readonly (Plain | readonly Plain[])[];
    readonly bins: readonly number[];
    readonly edges: readonly number[] | null;
  }>;
}

export interface Reference {
  readonly expected: Expected;
  readonly runs: readonly Record<string, unknown>[];
  file(path: string): NotedFile;
  bytes(path: string): Uint8Array;
}

async function compute(command: string): Promise<Reference> {
  await using root = await tempRoot();
  const program = await Deno.readTextFile(new URL("reference.py", import.meta.url));
  await runPython(command, program, [root.path]);
  const files = new Map<string, Uint8Array>();
  for await (const { name } of Deno.readDir(root.path)) {
    files.set(name, await Deno.readFile(root.join(name)));
  }
  const bytes = (path: string) => files.get(path) ?? new Uint8Array();
  const json = (path: string) => JSON.parse(new TextDecoder().decode(bytes(path)));
  return {
    expected: json("expected.json"),
    runs: json("runs.json"),
    bytes,
    file: (path) => fakeFile(path, bytes(path)),
  };
}

let computed: Promise<Reference> | undefined;

/** A test against the answers of Python, which are computed once. It is ignored where Python has no pandas. */
export function pandasTest(name: string, fn: (reference: Reference) => void | Promise<void>): void {
  const why = python === undefined
    ? " (ignored: neither HOLDFAST_PYTHON nor python3 has pandas, pyarrow and SciPy)"
    : "";
  Deno.test({
    name: name + why,
    ignore: python === undefined,
    fn: async () => await fn(await (computed ??= compute(python ?? "python3"))),
  });
}

/** Fails for a number that is further from the expected one than `most`. */
export function assertNumber(found: number, expected: number, most: number, note: string): void {
  assert(Math.abs(found - expected) <= most, `${note}: ${found}, not ${expected}`);
}

/** Fails for other rows, or another order, and says where they begin. */
export function assertRows(found: readonly number[], expected: readonly number[], note: string) {
  const at = expected.findIndex((row, i) => row !== found[i]);
  const isSame = at < 0 && found.length === expected.length;
  const part = (rows: readonly number[]) => rows.slice(Math.max(0, at), Math.max(0, at) + 5).join();
  assert(
    isSame,
    `${note}: ${found.length} rows, not ${expected.length}; at ${at} ${part(found)}, not ${
      part(expected)
    }`,
  );
}
