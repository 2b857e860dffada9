// Readiness: the store and the audit trail answer within a time limit.
import { isRegistryError, openRegistry, type Registry, type System } from "../../../mod.ts";
import type { TokenCheck } from "../access/token_file.ts";
import { withinMs } from "../within_time.ts";

export interface Readiness {
  ready: boolean;
  reason?:
    | "the store does not answer in time"
    | "the store refuses"
    | "the registry is gone"
    | "the tokens cannot be checked"
    | "the audit trail cannot be written"
    | "the service stops";
}

const KEEP_MS = 2000;
export const WITHIN_MS = 2000;

interface ReadinessOptions {
  system: System;
  closing: AbortSignal;
  tokens?: TokenCheck;
  /** Returns true if the audit trail can be written. */
  isAudited(): Promise<boolean>;
}

/**
 * Returns a check of the tokens, of the store and of the audit trail, the last two at most every
 * two seconds.
 */
export function createReadiness(
  registry: Registry,
  { system, closing, tokens, isAudited }: ReadinessOptions,
): () => Promise<Readiness> {
  let last: { at: number; found: Promise<Readiness> } | undefined;

  async function check(): Promise<Readiness> {
    const ended = new AbortController();
    const asked = isThere(registry, ended.signal).then(
      (exists): Readiness =>
        exists ? { ready: true } : { ready: false, reason: "the registry is gone" },
      (): Readiness => ({ ready: false, reason: "the store refuses" }),
    );
    const [state, audited] = await Promise.all([
      withinMs(WITHIN_MS, asked, system),
      isAudited(),
    ]);
    ended.abort();
    if (state?.ready && !audited) {
      return { ready: false, reason: "the audit trail cannot be written" };
    }
    return state ?? { ready: false, reason: "the store does not answer in time" };
  }

  return async () => {
    if (closing.aborted) return { ready: false, reason: "the service stops" };
    if (await tokens?.problem?.() !== undefined) {
      return { ready: false, reason: "the tokens cannot be checked" };
    }
    if (last === undefined || system.monotonic() - last.at >= KEEP_MS) {
      last = { at: system.monotonic(), found: check() };
    }
    return await last.found;
  };
}

/**
 * Returns false if the settings of this registry are not in its store: a folder that is no longer
 * mounted is empty, or has another registry.
 */
async function isThere(registry: Registry, signal: AbortSignal): Promise<boolean> {
  const { backend } = registry;
  try {
    const asNow = { create: false, readOnly: true, cache: false, signal };
    if (backend && (await openRegistry(backend, asNow)).id !== registry.id) return false;
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return false;
    throw error;
  }
  for await (const _ of registry.names({ limit: 1, signal })) break;
  return true;
}
