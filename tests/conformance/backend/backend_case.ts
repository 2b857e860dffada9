// The cases of the suite for backends, and the runner.
import { deepStrictEqual } from "node:assert/strict";
import type { Backend } from "../../../core/backend.ts";

/** An optional method of a backend. */
export type Capability =
  | "deleteMany"
  | "presign"
  | "copy"
  | "sweepUploads"
  | "sync"
  | "getFirst"
  | "reserve";

const ALL: readonly Capability[] = [
  "deleteMany",
  "presign",
  "copy",
  "sweepUploads",
  "sync",
  "getFirst",
  "reserve",
];

/** The setup of a case. */
export interface BackendContext {
  readonly backend: Backend;
  /** Size of a large object, in bytes. */
  readonly largeBytes: number;
}

/** One sentence of the contract, and what shows that a backend keeps it. */
export interface BackendCase {
  readonly name: string;
  readonly needs?: Capability;
  /** Throws if the backend breaks the contract. */
  run(context: BackendContext): Promise<void>;
}

/** Options of {@linkcode testBackend}. */
export interface TestBackendOptions {
  /** Prefix of the test names. @default "backend" */
  name?: string;
  /** The optional members that the backend is meant to have. @default [] */
  capabilities?: readonly Capability[];
  /** Size of a large object, above every threshold of the backend. @default 9 MiB */
  largeBytes?: number;
}

/** Registers a test: `Deno.test`, or `test` of `node:test`. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** Registers a test for each of these cases. See `testBackend` for the parameters. */
export function testCases(
  cases: readonly BackendCase[],
  register: { test: RegisterTest; open: () => Promise<Backend> },
  options: TestBackendOptions = {},
): void {
  const { test, open } = register;
  const { name = "backend", capabilities = [], largeBytes = 9 * 2 ** 20 } = options;
  const withBackend = (run: (backend: Backend) => Promise<void>) => async () => {
    const backend = await open();
    try {
      await run(backend);
    } finally {
      await backend[Symbol.asyncDispose]();
    }
  };

  test(
    `${name}: has exactly the optional methods that it is meant to have`,
    withBackend(async (backend) => {
      await Promise.resolve();
      const found = ALL.filter((method) => backend[method] !== undefined);
      const meant = ALL.filter((method) => capabilities.includes(method));
      deepStrictEqual(
        found,
        meant,
        `the backend has ${found.join(", ") || "none"}, and capabilities are ${
          meant.join(", ") || "empty"
        }: pass the methods that it has`,
      );
    }),
  );
  for (const { name: sentence, needs, run } of cases) {
    if (needs !== undefined && !capabilities.includes(needs)) continue;
    test(`${name}: ${sentence}`, withBackend((backend) => run({ backend, largeBytes })));
  }
}
