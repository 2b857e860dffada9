// Runs as they are typed.
import type { Registry, RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { CommandContext } from "../program/command.ts";
import { shellWord } from "../program/hints.ts";

export const RUN_ARGUMENT = {
  usage: "<run>",
  text: "the run, like training@3; the last one of a pipeline where only that is named",
  completes: "run",
} as const;

/**
 * The run that is meant by `training@3`, or by `training` and `training@latest`, the last one.
 *
 * @throws {RegistryError} `Invalid` for what is no run, `NotFound` where there is none
 */
export async function findRun(
  registry: Registry,
  text: string,
  { io: { signal } }: CommandContext,
): Promise<string> {
  const { formatRunId, lastRun, parseRunId } = await import("../../../operators/runner/mod.ts");
  const [, pipeline] = /^([^@]+)(?:@latest)?$/.exec(text) ?? [];
  if (pipeline === undefined) {
    const run = parseRunId(text);
    if (await registry.has(`${run.pipeline}:run@${run.number}.0.0`, { signal })) {
      return formatRunId(run);
    }
    throw noRun(
      text,
      `there is no such run`,
      `holdfast pipeline status ${shellWord(run.pipeline)}`,
    );
  }
  const last = await lastRun(registry, pipeline, { signal });
  if (last !== undefined) return last;
  throw noRun(
    text,
    `the pipeline ${JSON.stringify(pipeline)} has no runs here`,
    "holdfast pipeline status",
  );
}

function noRun(text: string, state: string, command: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find run",
    subject: JSON.stringify(text),
    state,
    hint: `See what there is: ${command}`,
  });
}
