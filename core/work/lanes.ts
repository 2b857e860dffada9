// Tasks that run in order per key.
/** Runs a task after the earlier tasks with the same key, whether or not they failed. */
export type Lanes = <T>(lane: string, task: () => Promise<T>) => Promise<T>;

/**
 * Creates a concurrency limit of one per key: tasks with the same key run in order, one at a time.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createLanes } from "@holdfast/holdfast/workers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const lanes = createLanes();
 * const save = (value: number) => lanes("a", () => registry.save("a", value));
 * const saved = await Promise.all([1, 2].map(save));
 * assertEquals(saved.map(({ version }) => version), ["1.0.0", "2.0.0"]);
 * ```
 */
export function createLanes(): Lanes {
  const last = new Map<string, Promise<unknown>>();
  return (lane, task) => {
    const run = (last.get(lane) ?? Promise.resolve()).then(task, task);
    last.set(lane, run);
    const done = () => last.get(lane) === run && last.delete(lane);
    run.then(done, done);
    return run;
  };
}
