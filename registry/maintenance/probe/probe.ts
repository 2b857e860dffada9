// Finding out by trying whether a store does what a registry needs of it.
import type { Backend } from "../../../core/backend.ts";
import {
  type ErrorCode,
  fault,
  isRegistryError,
  type RegistryError,
  type RegistryErrorFields,
} from "../../../core/errors.ts";
import { checkGiven } from "../../../core/options/check_options.ts";
import type { SignalOptions } from "../../../core/registry.ts";
import { realSystem, type System } from "../../../core/system.ts";
import type { OpeningStore } from "../../cell/store.ts";
import { probeFolder } from "../../format/layout.ts";
import { type ClockReading, clockStep, createSteps, readSteps } from "./objects.ts";
import { listSteps } from "./lists.ts";
import { type ProbeStepDefinition, ProbeTarget, Unmet } from "./target.ts";

/** A store that does not answer is not waited for to clean up. */
const CLEAN_UP_MS = 5_000;

/** Options of {@linkcode probeBackend}. */
export interface ProbeOptions extends SignalOptions {
  /** How far the store's clock may be from the own one, milliseconds. @default 900000 (a quarter of the least `graceMs`) */
  maxClockOffsetMs?: number;
  onStep?: (step: ProbeStep) => void;
  /** Clocks, randomness, ids. @default the real ones */
  system?: System;
}

/** What was found about one thing that a store must do. */
export interface ProbeStep {
  /** What it must do, as a sentence. */
  name: string;
  ok: boolean;
  required: boolean;
  /** What was found; where it is not ok, what the store did instead. */
  detail?: string;
  /** What to do about it, where the backend said so. */
  hint?: string;
  /** The hint for other readers. */
  hints?: RegistryErrorFields["hints"];
  /** How long it took, milliseconds. */
  tookMs: number;
}

/** What a probe found. Plain JSON, without secrets. */
export interface ProbeCertificate {
  ok: boolean;
  kind: string;
  location: string;
  /** When, by the own clock, ISO 8601. */
  checkedAt: string;
  /** The steps, in the order they were taken: all of them, unless the store stopped answering after it had failed one. */
  steps: ProbeStep[];
  /** Store time minus own time, milliseconds; a store that keeps whole seconds seems up to a second behind. */
  clockOffsetMs?: number;
  /** How many calls of the backend it took; each is about one request. */
  requests: number;
}

/** A store that could not be asked was not found wanting. */
const NOT_ASKED: readonly ErrorCode[] = ["Unavailable", "Denied", "NotFound", "Unknown"];

/** What `probeBackend` of `registry/tools.ts` does. */
export async function probeBackend(
  backend: Backend,
  options: ProbeOptions = {},
): Promise<ProbeCertificate> {
  const is = typeof (backend as Backend | null | undefined)?.put === "function";
  checkGiven("probe a store", backend, {
    is,
    what: "store",
    hint: "Give what openBackend(url) gives, awaited.",
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
      if (step === undefined) break; // it was found wanting before it stopped answering: that is the result
      steps.push(step);
      onStep?.(step);
    }
  } finally {
    await target.cleanUp(AbortSignal.timeout(CLEAN_UP_MS)).catch(() => {}); // the janitor removes what is old there
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
  { name, required, run }: ProbeStepDefinition,
  target: ProbeTarget,
): Promise<ProbeStep> {
  const { system, signal } = target.settings;
  const startedAt = system.monotonic();
  const end = (fields: Pick<ProbeStep, "ok" | "detail" | "hint" | "hints">): ProbeStep => {
    const said = Object.entries(fields).filter(([, value]) => value !== undefined);
    return {
      name,
      required,
      ...Object.fromEntries(said),
      tookMs: Math.round(system.monotonic() - startedAt),
    } as ProbeStep;
  };
  try {
    return end({ ok: true, detail: await run(target) ?? undefined });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof Unmet) return end({ ok: false, detail: error.message });
    if (!isRegistryError(error) || NOT_ASKED.includes(error.code)) throw error;
    return end({ ok: false, detail: error.message, hint: error.hint, hints: error.hints });
  }
}

/**
 * Probes the store that a registry is about to be created on.
 *
 * @throws {RegistryError} `Unsupported` where it does not do what a registry needs
 */
export async function checkStore(
  store: OpeningStore,
  { graceMs, signal }: { graceMs: number; signal?: AbortSignal },
): Promise<void> {
  const { backend, system, logger } = store;
  const { ok, steps } = await probeBackend(backend, {
    system,
    signal,
    maxClockOffsetMs: graceMs / 4,
    onStep: ({ name, ok, detail }) => logger.debug(`probe: ${name}: ${ok ? "yes" : "no"}`, detail),
  });
  if (!ok) throw refusal(backend, steps.filter((step) => !step.ok && step.required));
}

function refusal(backend: Backend, failed: readonly ProbeStep[]): RegistryError {
  const [first, ...others] = failed;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return fault({
    code: "Unsupported",
    action: "create a registry at",
    subject: backend.location,
    state: `the store fails "${first.name}": ${first.detail?.slice(0, 200)}${more}`,
    hint: first.hint ??
      "This store would lose data. Use one that honours conditional writes, or a newer release of it; probeBackend says all that is amiss.",
    hints: first.hints,
    backend: backend.location,
    cause: failed,
  });
}
