// Work in order where order matters, and side by side where it does not.
/** Runs a task after those that were given the same lane before, whatever became of them. */
export type Lanes = <T>(lane: string, task: () => Promise<T>) => Promise<T>;

/**
 * Creates an empty set of lanes. Tasks of one lane run one after the other, in the order they were given.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createLanes } from "@holdfast/holdfast/workers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const lanes = createLanes();
 * const saved = await Promise.all([1, 2].map((value) => lanes("a", () => registry.save("a", value))));
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
