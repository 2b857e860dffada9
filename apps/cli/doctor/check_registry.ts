// Whether the registry opens, and its store keeps what a registry needs.
import { type Backend, isRegistryError, type Registry, type StoredRegistry } from "../../../mod.ts";
import {
  probeBackend,
  type ProbeCertificate,
  type ProbeStep,
} from "../../../registry/maintenance.ts";
import type { CommandContext } from "../program/command.ts";
import { toReportable } from "../program/exit_code.ts";
import { hintFor } from "../../../core/errors.ts";
import { formatSeconds } from "../terminal/units.ts";
import { type Check, ok, trouble } from "./check.ts";

export function failed(what: string, error: unknown): Check {
  const failure = toReportable(error);
  if (!isRegistryError(failure)) throw error; // somebody stopped the run
  const advice = hintFor(failure, "cli") ??
    "Run it again with --verbose to see where this happened.";
  return trouble(what, "fail", { found: failure.message, advice });
}

/** Tries a store, by some 280 requests below `scratch/`. */
export async function tryStore(
  backend: Backend,
  { io: { signal, system }, logger }: CommandContext,
): Promise<ProbeCertificate> {
  const onStep = ({ name, ok }: ProbeStep) => logger.debug(`${ok ? "yes" : "no"}: ${name}`);
  return await probeBackend(backend, { signal, system, onStep });
}

/** Tries the store of a registry, and compares its clock with that of this machine. */
export async function checkStore(
  registry: StoredRegistry,
  context: CommandContext,
): Promise<Check[]> {
  try {
    const { steps, requests, clockOffsetMs } = await tryStore(registry.backend, context);
    const lacking = steps.filter(({ ok, required }) => required && !ok);
    const textOf = ({ name, detail }: ProbeStep) =>
      detail === undefined ? name : `${name}: ${detail}`;
    const probe = lacking.length === 0
      ? ok("probe", `the store does what a registry needs (${requests} requests)`)
      : trouble("probe", "fail", {
        found: lacking.map(textOf).join("; "),
        advice: hintFor(lacking[0], "cli") ?? "See all of it: holdfast probe",
      });
    return [probe, checkClock(clockOffsetMs, registry)];
  } catch (error) {
    context.io.signal.throwIfAborted();
    return [failed("probe", error)];
  }
}

/** Ages go by the store's clock; a machine that is a quarter of the least grace off is refused by what frees space. */
function checkClock(
  offsetMs: number | undefined,
  { settings: { leastGraceMs } }: Registry,
): Check {
  if (offsetMs === undefined) {
    return trouble("clock", "warn", {
      found: "the store does not say what time it is",
      advice: "See: holdfast probe",
    });
  }
  const off = Math.abs(offsetMs);
  const found = off < 2_000
    ? "as the store's"
    : `${formatSeconds(off / 1000)} ${offsetMs > 0 ? "behind" : "ahead of"} the store's`;
  const advice = "Set the clock of this machine: it is to follow a time server (NTP).";
  if (off > leastGraceMs / 4) return trouble("clock", "fail", { found, advice });
  return off > 60_000 ? trouble("clock", "warn", { found, advice }) : ok("clock", found);
}
