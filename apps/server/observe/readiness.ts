// Whether requests can be answered: the store answers, within a time limit.
import type { Registry, System } from "../../../mod.ts";

export interface Readiness {
  ready: boolean;
  reason?:
    | "the store does not answer in time"
    | "the store refuses"
    | "the registry is gone"
    | "the service stops";
}

const KEEP_MS = 2000;
const WITHIN_MS = 2000;

/** Asks the store, at most every two seconds however often it is called, and waits for two. */
export function createReadiness(
  registry: Registry,
  { system, closing }: { system: System; closing: AbortSignal },
): () => Promise<Readiness> {
  let last: { at: number; found: Promise<Readiness> } | undefined;

  async function look(): Promise<Readiness> {
    const over = new AbortController();
    const late: Promise<Readiness> = system.sleep(WITHIN_MS, over.signal).then(
      () => ({ ready: false, reason: "the store does not answer in time" }),
      () => ({ ready: true }),
    );
    const asked = askStore(registry, over.signal).then(
      (isThere): Readiness =>
        isThere ? { ready: true } : { ready: false, reason: "the registry is gone" },
      (): Readiness => ({ ready: false, reason: "the store refuses" }),
    );
    const found = await Promise.race([asked, late]);
    over.abort();
    return found;
  }

  return () => {
    if (closing.aborted) return Promise.resolve({ ready: false, reason: "the service stops" });
    if (last === undefined || system.monotonic() - last.at >= KEEP_MS) {
      last = { at: system.monotonic(), found: look() };
    }
    return last.found;
  };
}

/**
 * Whether the registry is there: a folder that is no longer mounted is an empty one, and shows it only by lacking what
 * says what the registry is, which was written before all else.
 */
async function askStore(registry: Registry, signal: AbortSignal): Promise<boolean> {
  const { backend } = registry;
  for await (const _ of registry.names({ limit: 1, signal })) return true;
  if (backend === undefined) return true;
  for await (const _ of backend.list("settings/", { limit: 1, signal })) return true;
  return false;
}
