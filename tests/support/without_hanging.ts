// The last resort of tests that wait for something to happen.
import { realSystem } from "../../core/system.ts";

/** Far more than a busy machine needs: a test that holds never waits so long, and one that is broken should say so. */
export const LIMIT_MS = 120_000;

/** Returns the result of `work`; after two minutes, rejects with the description of what it waited for. */
export async function withoutHanging<T>(
  what: string,
  work: Promise<T>,
  limitMs: number = LIMIT_MS,
): Promise<T> {
  const over = new AbortController();
  const late = realSystem.sleep(limitMs, over.signal).then(() => {
    throw new Error(`Cannot go on: ${what} did not come within ${limitMs} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
    await late.catch(() => {});
  }
}
