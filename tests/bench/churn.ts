// Many automatic versions of one name.
import fs from "node:fs";
import { join } from "node:path";
import { openRegistry } from "../../mod.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "./measure.ts";
import { smallObject } from "./values.ts";

/** 500 automatic versions of one name; the last fifth tells whether it slows down as it grows. */
// deno-lint-ignore require-await -- like the other groups
export async function createChurnGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const versions = quick ? 50 : 500;
  return {
    measures: [churn("os"), churn("disk")],
    async [Symbol.asyncDispose]() {},
  };

  function churn(durability: "os" | "disk"): Measure {
    const fifths: number[][] = [];
    const run = async () => {
      const path = join(folder, `churn-${durability}`);
      const registry = await openRegistry(path, { durability });
      const saveFifth = (fifth: number) =>
        timed(async () => {
          for (let i = 0; i < versions / 5; i++) {
            await registry.save("same", smallObject(fifth * versions + i));
          }
        });
      const timings: Timing[] = [];
      for (let fifth = 0; fifth < 5; fifth++) timings.push(await saveFifth(fifth));
      fs.rmSync(path, { recursive: true });
      fifths.push([timings[0].wallMs, timings[4].wallMs]);
      const sum = (times: number[]) => times.reduce((a, b) => a + b);
      return {
        wallMs: sum(timings.map(({ wallMs }) => wallMs)),
        cpuMs: sum(timings.map(({ cpuMs }) => cpuMs)),
      };
    };
    const facts = () => {
      const [first, last] = fifths.reduce((best, now) =>
        now[0] + now[1] < best[0] + best[1] ? now : best
      );
      return { "last fifth / first": (last / first).toFixed(2) };
    };
    return {
      name: `${versions} automatic versions of one name, ${durability}`,
      count: versions,
      unit: "op",
      run,
      facts,
    };
  }
}
