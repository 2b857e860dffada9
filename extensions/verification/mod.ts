// Checks of all stored data, and repairs. The entry point `./maintenance` exports all of it.
import type { Registry } from "../../mod.ts";
import { callFunction } from "../../registry/contract/call_function.ts";
import type { VerifyOptions, VerifyReport } from "./report.ts";

export type {
  VerifyCoverage,
  VerifyOptions,
  VerifyProblem,
  VerifyReport,
  VerifyUnseen,
} from "./report.ts";

/**
 * Reads and checks every record and version, or those of `names`. Damage is reported; failures of
 * the store are thrown. An object that the store fails to return, although it returns others, is
 * damage. The report lists what was not checked.
 *
 * With `repairFrom`, replaces damaged and missing files in their places with those of a mirror of
 * the registry, or of the original of a mirror. Does not repair records, or lists of files of more
 * than 128 KiB: mirrors write their own.
 *
 * @throws {RegistryError} `Unsupported` unless `openRegistry` opened both registries here
 */
export async function verifyRegistry(
  registry: Registry,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  return await callFunction(registry, [options], {
    name: "verifyRegistry",
    action: "verify the registry",
    options: {
      names: {},
      deep: {},
      sample: {},
      listed: {},
      shard: {},
      repairFrom: {},
      onProgress: {},
      onProblem: {},
    },
    here: async () => (await import("./verify.ts")).verifyRegistry,
  });
}
