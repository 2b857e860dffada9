// Probes if a store does what a registry needs.
import type { Backend } from "../../core/backend.ts";
import { isRegistryError, unsupported } from "../../core/errors.ts";
import type { ErrorCode, RegistryError, RegistryErrorFields } from "../../core/errors.ts";
import { checkGiven } from "../../core/options/check_options.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { realSystem, type System } from "../../core/system.ts";
import type { OpeningStore } from "../cell/store.ts";
import { probeFolder } from "../format/layout.ts";
import { type ClockReading, clockStep, createSteps, listSteps, readSteps } from "./steps.ts";
import { type ProbeStepDefinition, ProbeTarget, Unmet } from "./target.ts";

/** Time limit for cleaning up: a silent store is not waited for. */
const CLEAN_UP_MS = 5_000;

/** Options of {@linkcode probeBackend}. */
export interface ProbeOptions extends SignalOptions {
  /** Allowed clock difference, milliseconds. @default 900000 (a quarter of the least `graceMs`) */
  maxClockOffsetMs?: number;
  onStep?: (step: ProbeStep) => void;
  /** Clocks, randomness, ids. @default the real ones */
  system?: System;
}

/** The result of one check. */
export interface ProbeStep {
  /** The required behavior, as a sentence. */
  name: string;
  ok: boolean;
  required: boolean;
  /** The observed behavior, if it is notable or wrong. */
  detail?: string;
  /** The hint of the backend, if any. */
  hint?: string;
  /** The hint in the words of other interfaces. */
  reason?: RegistryErrorFields["reason"];
  tookMs: number;
}

/** The result of a probe. Plain JSON, without secrets. */
export interface ProbeCertificate {
  ok: boolean;
  kind: string;
  location: string;
  /** Local time, ISO 8601. */
  checkedAt: string;
  /** In order. Incomplete if the store failed a step and then stopped answering. */
  steps: ProbeStep[];
  /** Time of the store minus local time, milliseconds. Stores with whole seconds seem behind. */
  clockOffsetMs?: number;
  /** Calls of the backend, each about one request. */
  requests: number;
}

/** Errors that end the probe without a result. */
const NO_RESULT: readonly ErrorCode[] = ["Unavailable", "Denied", "NotFound", "Unknown"];

/** Implements `probeBackend` of `extensions/maintenance/mod.ts`. */
export async function probeBackend(
  backend: Backend,
  options: ProbeOptions = {},
): Promise<ProbeCertificate> {
  const is = typeof (backend as Backend | null | undefined)?.put === "function";
  checkGiven("probe a store", backend, {
    is,
    what: "store",
    hint: "Pass the result of `await openBackend(url)`.",
  });
  const { maxClockOffsetMs = 900_000, system = realSystem, signal, onStep } = options;
  const clock: ClockReading = {};
  const definitions = [...createSteps, ...readSteps, ...listSteps, clockStep(clock)];
  const folder = probeFolder(system.id());
  const target = new ProbeTarget(backend, folder, { system, signal, maxClockOffsetMs });
  const steps: ProbeStep[] = [];
  const passes = () => steps.every(({ ok, required }) => ok || !required);
  try {
    for (const definition of definitions) {
      signal?.throwIfAborted();
      const step = await take(definition, target).catch((error) => {
        if (passes() || signal?.aborted || !isRegistryError(error)) throw error;
      });
      if (step === undefined) break; // a step failed before the store stopped answering
      steps.push(step);
      onStep?.(step);
    }
  } finally {
    // `gc` removes what is left
    await target.cleanUp(AbortSignal.timeout(CLEAN_UP_MS)).catch(() => {});
  }
  return {
    ok: passes(),
    kind: backend.kind,
    location: backend.location,
    checkedAt: new Date(system.now()).toISOString(),
    steps,
    ...(clock.offsetMs === undefined ? {} : { clockOffsetMs: clock.offsetMs }),
    requests: target.requests,
  };
}

async function take(
  { name, required = true, run }: ProbeStepDefinition,
  target: ProbeTarget,
): Promise<ProbeStep> {
  const { system, signal } = target.settings;
  const startedAt = system.monotonic();
  const end = (fields: Pick<ProbeStep, "ok" | "detail" | "hint" | "reason">): ProbeStep => {
    const known = Object.entries(fields).filter(([, value]) => value !== undefined);
    const tookMs = Math.round(system.monotonic() - startedAt);
    return { name, required, ...Object.fromEntries(known), tookMs } as ProbeStep;
  };
  try {
    return end({ ok: true, detail: await run(target) ?? undefined });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof Unmet) return end({ ok: false, detail: error.message });
    if (!isRegistryError(error) || NO_RESULT.includes(error.code)) throw error;
    return end({ ok: false, detail: error.message, hint: error.hint, reason: error.reason });
  }
}

/**
 * Probes the store on which a registry is to be created.
 *
 * @throws {RegistryError} `Unsupported` if it does not do what a registry needs
 */
export async function checkStore(
  store: OpeningStore,
  { graceMs, signal }: { graceMs: number; signal?: AbortSignal },
): Promise<void> {
  const { backend, system, logger } = store;
  const { steps } = await probeBackend(backend, {
    system,
    signal,
    maxClockOffsetMs: graceMs / 4,
    onStep: ({ name, ok, detail }) => logger.debug(`probe: ${name}: ${ok ? "yes" : "no"}`, detail),
  });
  const [first, ...others] = steps.filter((step) => !step.ok && step.required);
  if (first !== undefined) throw refusal(backend, first, others);
}

function refusal(backend: Backend, first: ProbeStep, others: ProbeStep[]): RegistryError {
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const state = `the store fails the check "${first.name}": ${first.detail?.slice(0, 200)}${more}`;
  return unsupported("create a registry at", backend.location, state, {
    hint: first.hint ??
      "Use a store with conditional writes, or a newer release of it. This one would lose data: " +
        "`probeBackend` lists all failures.",
    reason: first.reason,
    backend: backend.location,
    cause: [first, ...others],
  });
}
