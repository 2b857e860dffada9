// Work that begins when something else is over, as a response.
/** Holds what begins later. */
export interface Background {
  /** Begins what came since, and waits for its end. What fails is told by its job. */
  run(): Promise<void>;
  /** Takes what is to begin: for runners of jobs. */
  add(begin: () => Promise<void>): void;
}

/**
 * Creates what holds jobs until a response was sent. Give it to `schedule_job` as `background`, and call `run` then.
 *
 * @example
 * ```ts
 * import { createPlugins } from "@holdfast/holdfast/plugins";
 * import { createBackground } from "@holdfast/holdfast/plugins/jobs";
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
