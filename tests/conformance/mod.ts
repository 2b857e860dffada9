/**
 * The conformance suite for backends: cases as data, and a runner for any test framework. A backend
 * that passes keeps the contract.
 *
 * @example
 * ```ts ignore
 * import { testBackend } from "@holdfast/holdfast/testing";
 *
 * testBackend(Deno.test, () => openMyBackendOverAnEmptyStore(), { name: "mine" });
 * ```
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { abortCases } from "./backend/aborts.ts";
import { testCases } from "./backend/backend_case.ts";
import type { BackendCase, RegisterTest, TestBackendOptions } from "./backend/backend_case.ts";
import { concurrencyCases } from "./backend/concurrency.ts";
import { createCases } from "./backend/creates.ts";
import { keyCases } from "./backend/keys.ts";
import { listingCases } from "./backend/listing.ts";
import { optionalCases } from "./backend/optional.ts";
import { rangeCases } from "./backend/ranges.ts";
import { streamCases } from "./backend/streams.ts";
import { verbCases } from "./backend/verbs.ts";

export type {
  BackendCase,
  BackendContext,
  Capability,
  RegisterTest,
  TestBackendOptions,
} from "./backend/backend_case.ts";

/** Every case of the contract of a backend. */
export const backendCases: readonly BackendCase[] = [
  ...verbCases,
  ...createCases,
  ...listingCases,
  ...rangeCases,
  ...streamCases,
  ...keyCases,
  ...abortCases,
  ...concurrencyCases,
  ...optionalCases,
];

/**
 * Registers a test for each case. If the backend lacks an optional member, the case becomes a test
 * that the member is absent, and its name says so.
 *
 * @param test registers a test: `Deno.test`, or `test` of `node:test`
 * @param open opens an empty store for one test, which the test disposes of
 */
export function testBackend(
  test: RegisterTest,
  open: () => Promise<Backend>,
  options: TestBackendOptions = {},
): void {
  testCases(backendCases, { test, open }, options);
}
