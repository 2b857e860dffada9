// Checks of a registry and its store.
import type { Registry, StoredRegistry } from "../../../mod.ts";
import { probeBackend } from "../../../registry/maintenance.ts";
import type { ProbeStep } from "../../../registry/maintenance.ts";
import type { CommandContext } from "../program/command.ts";
import { hintFor } from "../../../core/errors.ts";
import { formatSeconds } from "../terminal/units.ts";
import { type Check, failed, ok, trouble } from "./check_machine.ts";

const SEE = "See every test of the store: holdfast doctor --json";

/**
 * Probes the store of a registry with about 280 requests below `scratch/`, and compares its clock
 * with that of this machine.
 */
export async function checkStore(
  registry: StoredRegistry,
  { io: { signal, system }, logger }: CommandContext,
): Promise<Check[]> {
  const onStep = ({ name, ok }: ProbeStep) => logger.debug(`${ok ? "yes" : "no"}: ${name}`);
  try {
    const certificate = await probeBackend(registry.backend, { signal, system, onStep });
    const { steps, requests, clockOffsetMs } = certificate;
    const lacking = steps.filter(({ ok, required }) => required && !ok);
    const textOf = ({ name, detail }: ProbeStep) =>
      detail === undefined ? name : `${name}: ${detail}`;
    const advice = lacking[0] && hintFor(lacking[0], "cli");
    const probe = lacking.length === 0
      ? ok("probe", `the store meets all requirements (${requests} requests)`)
      : trouble("probe", "fail", lacking.map(textOf).join("; "), advice ?? SEE);
    return [{ ...probe, certificate }, checkClock(clockOffsetMs, registry)];
  } catch (error) {
    signal.throwIfAborted();
    return [failed("probe", error)];
  }
}

/** Checks the clock: gc and prune refuse to run if it is off by a quarter of the least grace. */
function checkClock(offsetMs: number | undefined, { settings: { leastGraceMs } }: Registry): Check {
  if (offsetMs === undefined) {
    return trouble("clock", "warn", "the store does not report its time", SEE);
  }
  const off = Math.abs(offsetMs);
  const found = off < 2_000
    ? "same as the store"
    : `${formatSeconds(off / 1000)} ${offsetMs > 0 ? "behind" : "ahead of"} the store`;
  if (off <= 60_000) return ok("clock", found);
  const verdict = off > leastGraceMs / 4 ? "fail" : "warn";
  return trouble("clock", verdict, found, "Synchronize the clock of this machine (NTP).");
}
