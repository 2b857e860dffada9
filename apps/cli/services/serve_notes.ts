// Notes of `holdfast serve` to its operator.
import type { CommandContext } from "../program/command.ts";
import type { ServeFlags } from "./serve_options.ts";

export async function noteServing(
  { location, hasTokens }: { location: string; hasTokens: boolean },
  { readOnly }: Pick<ServeFlags, "readOnly">,
  context: Pick<CommandContext, "note">,
): Promise<void> {
  await context.note(`Serving ${location}`);
  if (hasTokens) return;
  const rights = readOnly ? "read" : "read and change";
  await context.note(
    `Every user of this machine can ${rights} it. To require tokens: --tokens FILE`,
  );
}

/** @param cut the number of requests that did not end in time */
export async function noteStopped(
  cut: number,
  context: Pick<CommandContext, "note">,
): Promise<void> {
  if (cut > 0) await context.note(`Aborted requests that did not finish in time: ${cut}`);
  await context.note("Stopped");
}
