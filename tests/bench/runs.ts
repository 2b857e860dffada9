// Runs of programs that log values: the time of a call, and until all points are a version.
import { join } from "node:path";
import { openRegistry } from "../../mod.ts";
import { openRun } from "../../extensions/runs/mod.ts";
import { nextTurn } from "../../core/work/next_turn.ts";
import { type BenchSettings, type Group, timed } from "./measure.ts";

const POINTS = 1_000_000;
/** Points after which the program does something else, so that what waits is sent meanwhile. */
const AT_ONCE = 10_000;
const FLOOR = "floor: JSON.stringify, and keep the line";

/** Logs points to a run in a folder, and saves them as a version. */
export async function createRunsGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const registry = await openRegistry(join(folder, "runs"));
  const points = quick ? POINTS / 100 : POINTS;
  const pointAt = (step: number) => ({ step, loss: 1 / (1 + step), rate: 0.001 });
  let run = await openRun(registry, "floor");
  return {
    measures: [
      {
        name: FLOOR,
        count: points,
        unit: "op",
        run: () =>
          timed(() => {
            const lines: string[] = [];
            for (let step = 0; step < points; step++) lines.push(JSON.stringify(pointAt(step)));
          }),
      },
      {
        name: "log, sent meanwhile",
        count: points,
        unit: "op",
        floor: FLOOR,
        run: async () => {
          run = await openRun(registry, "model");
          return await timed(async () => {
            for (let step = 0; step < points; step++) {
              run.log(pointAt(step));
              if (step % AT_ONCE === 0) await nextTurn();
            }
          });
        },
      },
      {
        name: "finish: store the rest, save the version",
        count: points,
        unit: "op",
        run: () => timed(() => run.finish()),
      },
    ],
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}
