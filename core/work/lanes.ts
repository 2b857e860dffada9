// Tasks that run in order per key.
/**
 * Runs a task after the earlier tasks with the same key, whether or not they failed.
 *
 * @internal
 */
export type Lanes = <T>(lane: string, task: () => Promise<T>) => Promise<T>;

/**
 * Creates a concurrency limit of one per key: tasks with the same key run in order, one at a time.
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
