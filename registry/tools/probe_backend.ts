// The probe of a store.
import type { Backend } from "../../core/backend.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import { SIGNAL } from "../../core/registry/operations/row.ts";
import type { ProbeCertificate, ProbeOptions } from "../probe/probe.ts";

export type { ProbeCertificate, ProbeOptions, ProbeStep } from "../probe/probe.ts";

/**
 * Tests by some 300 requests whether a store does what a registry needs: races of creates with
 * exactly one winner, reads and lists that see the last write, order, ranges, keys, clock. Writes
 * below `scratch/` only, and removes that again. Rare failures can stay unnoticed.
 *
 * @throws {RegistryError} if the store is not reachable: `Unavailable`, `Denied`, `NotFound`
 *
 * @example
 * ```ts
 * import { createMemoryBackend } from "@holdfast/holdfast";
 * import { probeBackend } from "@holdfast/holdfast/maintenance";
 * import { assert } from "@std/assert";
 *
 * const certificate = await probeBackend(createMemoryBackend());
 * assert(certificate.ok);
 * ```
 */
export async function probeBackend(
  backend: Backend,
  options: ProbeOptions = {},
): Promise<ProbeCertificate> {
  const known: OptionNames<ProbeOptions> = {
    maxClockOffsetMs: {},
    onStep: {},
    system: {},
    ...SIGNAL,
  };
  const checkedOptions = checkOptions("probe the store", options, known);
  const tool = await import("../probe/probe.ts");
  return await tool.probeBackend(backend, checkedOptions);
}
