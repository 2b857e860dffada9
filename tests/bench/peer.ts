// Another program's benchmark, run beside this one: a command that takes `--only`, `--n` and `--reps` and ends with
// one line of JSON, `{ results: { <measure>: { min_s, ops?, cpu_ms_per_op_min? } } }`. On buckets it is also given `--endpoint`,
// `--bucket`, `--access-key` and `--secret-key`.
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import type { Timing } from "./measure.ts";

const run = promisify(execFile);

/** A peer's measures, run once a round. */
export interface Peer {
  /** Runs these groups of its measures once. */
  runOnce(only: string): Promise<void>;
  /** One operation in each round of the peer's `measure`; of `count` operations where it does not say. */
  timings(measure: string, count: number): Timing[];
}

interface PeerResult {
  min_s: number;
  ops?: number;
  cpu_ms_per_op_min?: number;
}

/** A peer that is run by this command. Its files go to `folder`. */
export function createPeer(
  command: string,
  options: { folder: string; operations: number; args?: readonly string[] },
): Peer {
  const { folder, operations, args: more = [] } = options;
  const [program, ...args] = [...command.split(/\s+/), ...more];
  const rounds: Record<string, PeerResult>[] = [];
  return {
    async runOnce(only) {
      const { stdout } = await run(program, [
        ...args,
        "--only",
        only,
        "--n",
        String(operations),
        "--reps",
        "1",
      ], {
        env: { ...process.env, TMPDIR: folder },
        maxBuffer: 1 << 26,
      });
      rounds.push(JSON.parse(stdout.trim().split("\n").at(-1)!).results);
    },
    timings(measure, count) {
      const found = rounds.flatMap(({ [measure]: result }) => result === undefined ? [] : [result]);
      return found.map(({ min_s, ops, cpu_ms_per_op_min = NaN }) => ({
        wallMs: (min_s * 1000) / (ops ?? count),
        cpuMs: ops === undefined ? cpu_ms_per_op_min / count : cpu_ms_per_op_min,
      }));
    },
  };
}
