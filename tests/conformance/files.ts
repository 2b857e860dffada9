/**
 * The conformance suite for file stores: cases as data, and a runner for any test framework.
 *
 * @example
 * ```ts ignore
 * import { testFileStore } from "@holdfast/holdfast/testing";
 *
 * testFileStore(Deno.test, () => openMyStoreWithNothingInIt(), { name: "mine" });
 * ```
 *
 * @module
 */
import type { FileStore } from "../../core/file_store.ts";
import type { RegisterTest } from "./backend/backend_case.ts";
import type { FileStoreCase } from "./files/file_store_case.ts";
import { folderCases } from "./files/folders.ts";
import { fileCases } from "./files/values.ts";

export type { FileStoreCase, FileStoreContext } from "./files/file_store_case.ts";

/** Every case of the contract of a file store. */
export const fileStoreCases: readonly FileStoreCase[] = [...fileCases, ...folderCases];

/**
 * Registers a test for each case.
 *
 * @param test a function that registers a test: `Deno.test`, or `test` of `node:test`
 * @param open opens an empty store for one test, which disposes of it
 */
export function testFileStore(
  test: RegisterTest,
  open: () => Promise<FileStore>,
  { name = "file store" }: {
    /** The prefix of test names. @default "file store" */
    name?: string;
  } = {},
): void {
  for (const { name: caseName, run } of fileStoreCases) {
    test(`${name}: ${caseName}`, async () => {
      const files = await open();
      try {
        await run({ files });
      } finally {
        await files[Symbol.asyncDispose]();
      }
    });
  }
}
