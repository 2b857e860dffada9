// Whether the registry opens, and its store keeps what a registry needs.
import { isRegistryError, probeBackend, type Registry, type StoredRegistry } from "../../mod.ts";
import type { CommandContext } from "../program/command.ts";
import { toReportable } from "../program/exit_code.ts";
import { inCliWords } from "../program/hints.ts";
import { formatSeconds } from "../terminal/units.ts";
import { type Check, ok, trouble } from "./check.ts";

/** A failure as a check. */
export function failed(what: string, error: unknown): Check {
  const failure = toReportable(error);
  if (!isRegistryError(failure)) throw error; // somebody stopped the run
  const advice = inCliWords(failure.hint) ??
    "Run it again with --verbose to see where this happened.";
  return trouble(what, "fail", { found: failure.message, advice });
}

/** Tries the store, by some 280 requests below `scratch/`, and compares its clock with that of this machine. */
export async function checkStore(
  registry: StoredRegistry,
  context: CommandContext,
): Promise<Check[]> {
  const { io: { signal, system }, logger } = context;
  try {
    const certificate = await probeBackend(registry.backend, {
      signal,
      system,
      onStep: ({ name, ok }) => logger.debug(`${ok ? "yes" : "no"}: ${name}`),
    });
    const { steps, requests, clockOffsetMs } = certificate;
    const lacking = steps.filter(({ ok, required }) => required && !ok);
    const probe = lacking.length === 0
      ? ok("probe", `the store does what a registry needs (${requests} requests)`)
      : {
        ...trouble("probe", "fail", {
          found: lacking.map(({ name, detail }) =>
            detail === undefined ? name : `${name}: ${detail}`
          ).join("; "),
          advice: inCliWords(lacking[0].hint) ?? "See all of it: holdfast probe",
        }),
      };
    return [probe, checkClock(clockOffsetMs, registry)];
  } catch (error) {
    signal.throwIfAborted();
    return [failed("probe", error)];
  }
}

/** Ages go by the store's clock; a machine that is a quarter of the least grace off is refused by what frees space. */
function checkClock(
  offsetMs: number | undefined,
  { settings: { graceMs, leastGraceMs = graceMs } }: Registry,
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
