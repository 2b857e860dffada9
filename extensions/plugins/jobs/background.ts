// Jobs that start after something else, such as a response.
/** Jobs that start later. */
export interface Background {
  /** Starts the added jobs and waits for them. Failures are reported by their jobs. */
  run(): Promise<void>;
  /** Adds a job; called by runners. */
  add(begin: () => Promise<void>): void;
}

/**
 * Creates a queue of jobs for after a response. Pass it to `schedule_job` as `background`, then
 * call `run`.
 *
 * @example
 * ```ts
 * import { createPlugins } from "@holdfast/holdfast/plugins";
 * import { createBackground } from "@holdfast/holdfast/plugins";
 *
 * await using plugins = createPlugins();
 * const background = createBackground();
 * const task = plugins.createTask(() => console.log("after the response"))
 *   .addBehavior("schedule_job", { job_type: "background", background });
 * console.log((await task.submit()).scheduled); // here the response is sent
 * await background.run();
 * ```
 */
export function createBackground(): Background {
  let held: (() => Promise<void>)[] = [];
  return {
    add: (begin) => void held.push(begin),
    async run() {
      while (held.length > 0) {
        const now = held;
        held = [];
        await Promise.all(now.map((begin) => begin()));
      }
    },
  };
}
