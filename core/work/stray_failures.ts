// Failures of user code that nothing awaits: of a promise without `await`, of a timer. They would
// end the process, and all work in it.
import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";
import { messageOf, type RegistryError, taskFailed } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { realSystem } from "../system.ts";

interface Work {
  name: string;
  fail(error: RegistryError): void;
}

const works = new AsyncLocalStorage<Work>();
const running = new Set<Work>();
let isListening = false;

/** @internal */
interface StrayListener {
  /** Receives a failure of work that has ended. */
  onLate(error: RegistryError): void;
  /**
   * Receives a failure of unknown work: Deno does not tell whose timer failed. `failRunning` fails
   * all that runs, and returns false if there is none.
   */
  onUnknown(error: unknown, failRunning: () => boolean): void;
}

/** Keeps such failures from ending the process. Returns a function that stops listening. */
export function listenForStrays({ onLate, onUnknown }: StrayListener): () => void {
  const receive = (error: unknown) => {
    const work = works.getStore();
    if (work !== undefined) {
      const failure = strayError(work.name, "its failure", error);
      return running.has(work) ? work.fail(failure) : onLate(failure);
    }
    onUnknown(error, () => {
      for (const one of running) one.fail(strayError(one.name, "a failure in its process", error));
      return running.size > 0;
    });
  };
  isListening = true;
  process.on("unhandledRejection", receive);
  process.on("uncaughtException", receive);
  return () => {
    isListening = false;
    process.off("unhandledRejection", receive);
    process.off("uncaughtException", receive);
  };
}

/** Calls a function of the user. `fail` receives its failures that nothing awaits, while it runs. */
export async function watchStrays<T>(
  name: string,
  call: () => Promise<T>,
  fail: (error: RegistryError) => void,
): Promise<T> {
  if (!isListening) return await call();
  const work = { name, fail };
  running.add(work);
  try {
    const result = await works.run(work, call);
    await realSystem.sleep(0); // a runtime reports failures of a turn at its end
    return result;
  } finally {
    running.delete(work);
  }
}

function strayError(name: string, what: string, cause: unknown): RegistryError {
  return taskFailed("finish", shown(name), `nothing awaits ${what}: ${messageOf(cause)}`, {
    hint: "Await each promise, or catch its error.",
    cause,
  });
}
