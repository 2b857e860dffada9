// How a program that takes jobs begins and ends.
import { fault } from "../../core/errors.ts";
import type { System } from "../../mod.ts";

/** For so long a queue may not answer, once no step is under way, milliseconds. */
const LEAVE_MS = 10_000;
/** How often it is looked whether a step is under way, milliseconds. */
const LOOK_MS = 500;

/**
 * Waits for the worker's end. Whoever ends it is not to wait for a queue that is away: what ended here and could not be
 * told there is begun by another worker, which finds it done.
 *
 * @returns false where the queue did not answer
 */
export async function leaveWorker(
  closing: Promise<void>,
  running: () => readonly string[],
  system: System,
): Promise<boolean> {
  const over = new AbortController();
  const late = async () => {
    for (let idleMs = 0; idleMs < LEAVE_MS; idleMs = running().length > 0 ? 0 : idleMs + LOOK_MS) {
      await system.sleep(LOOK_MS, over.signal);
    }
    return false;
  };
  try {
    return await Promise.race([closing.then(() => true), late()]);
  } finally {
    over.abort();
  }
}

export function refuseMemory(url: string): void {
  if (!/^memory:/i.test(url)) return;
  throw fault({
    code: "Invalid",
    action: "reach a queue in memory",
    state: "no other process could add any job to it",
    hint: "As in --queue redis://127.0.0.1:6379",
  });
}
