// Tests over a strict fake of their own, in a world where waiting takes no time.
import { createGcsBackend, type GcsBackendOptions } from "../../../backends/gcs.ts";
import type { Backend } from "../../../core/backend.ts";
import { isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../support/scripted_system.ts";
import { startStrictGcs } from "../../support/strict_gcs/mod.ts";
import type { StrictGcs, StrictGcsOptions } from "../../support/strict_gcs/mod.ts";
import { withoutHanging } from "../../support/without_hanging.ts";

/** The setup of a test. */
export interface StrictContext {
  fake: StrictGcs;
  /** Its sleep takes no time: only that of the program under test, the fake has the real clock. */
  system: ScriptedSystem;
  /** Ends the time of every request that is not answered yet; by itself it never ends. */
  passTimeouts(): void;
  /** A backend over the fake, closed at the end. */
  open(options?: Partial<GcsBackendOptions>): Backend;
}

/** The time limit of a request. */
const TIMEOUT_MS = 4_321;

/** Registers a test with a fake of its own. */
export function strictTest(
  name: string,
  run: (context: StrictContext) => Promise<void>,
  options: StrictGcsOptions = {},
): void {
  Deno.test(name, async () => {
    const timers = holdTimers(TIMEOUT_MS);
    const fake = await startStrictGcs({ onStall: timers.pass, ...options });
    const system = createScriptedSystem();
    const opened: Backend[] = [];
    const open = (given: Partial<GcsBackendOptions> = {}) => {
      const { bucket, endpoint } = fake;
      const backend = createGcsBackend({
        bucket,
        endpoint,
        system,
        requestTimeoutMs: TIMEOUT_MS,
        ...given,
      });
      opened.push(backend);
      return backend;
    };
    try {
      await withoutHanging(
        "the end of the test",
        run({ fake, system, passTimeouts: timers.pass, open }),
      );
    } finally {
      for (const backend of opened) await backend[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
      timers[Symbol.dispose]();
    }
  });
}

/** The `RegistryError` that a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<RegistryError> {
  try {
    await promise;
  } catch (error) {
    if (isRegistryError(error)) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

/** Method, path and upload type of each request that a fake has seen, for comparing. */
export function told({ requests }: StrictGcs): string[] {
  return requests.map(({ method, path, query, status }) => {
    const kind = query.get("uploadType") ?? query.get("alt") ?? "";
    return `${method} ${path.split("/").slice(0, 3).join("/")} ${kind} ${status}`.replace(
      "  ",
      " ",
    );
  });
}
