// Tests that need tools which not every machine has, with a short and a long form.
import { realSystem } from "../../core/system.ts";

const DAY_MS = 24 * 3_600_000;

/**
 * True for the long form, as in `deno task judge`. Otherwise a seed picks a share of the trials.
 */
export const isLong: boolean = realSystem.env("HOLDFAST_JUDGES") === "long";

/** Picks the share of the short form. @default another one each day */
export const judgeSeed: number = Number(
  realSystem.env("HOLDFAST_JUDGE_SEED") ?? Math.floor(realSystem.now() / DAY_MS),
);

/**
 * Registers a test. It is ignored where something is missing, and its name says what; with
 * `HOLDFAST_REQUIRE_SERVERS=1` that is a failure.
 *
 * @param missing what the machine lacks, and how to get it; undefined where it lacks nothing
 */
export function judgeTest(
  name: string,
  missing: string | undefined,
  fn: () => Promise<void>,
): void {
  const isRequired = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
  if (missing !== undefined) {
    return Deno.test({
      name: isRequired ? name : `${name} (left out: ${missing})`,
      ignore: !isRequired,
      fn: () => Promise.reject(new Error(`Cannot test: ${missing}`)),
    });
  }
  Deno.test(name, async () => {
    console.log(
      `HOLDFAST_JUDGE_SEED=${judgeSeed}${isLong ? " HOLDFAST_JUDGES=long" : ""} repeats this`,
    );
    await fn();
  });
}
