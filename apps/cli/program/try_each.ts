// Commands that do the same for several items: one that fails does not stop the others, and what was
// done or found before a run ends early is shown.
import { isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { Interruption } from "../terminal/exit_code.ts";
import type { CommandContext } from "./command.ts";

/** Failures of one item: those of the store or of the run would come again. */
const OF_ONE = ["NotFound", "AlreadyExists", "Conflict", "Corrupt", "Denied"] as const;

interface Tried<Done> {
  /** Results, in the order of the items. */
  done: Done[];
  /** The failure to throw: the one that ended the run, or the first one. */
  failed?: { error: unknown };
}

/** Does something for each item, by default one after the other. Notes all failures but one. */
export async function tryEach<T, Done>(
  items: readonly T[],
  action: (item: T) => Promise<Done>,
  { note }: Pick<CommandContext, "note">,
  concurrency = 1,
): Promise<Tried<Done>> {
  const done: Done[] = [];
  const failures: RegistryError[] = [];
  let end: { error: unknown } | undefined;
  const tryOne = async (item: T) => {
    if (end !== undefined) return;
    try {
      return { result: await action(item) };
    } catch (error) {
      if (isRegistryError(error, ...OF_ONE)) return { error };
      end ??= { error };
    }
  };
  for await (const tried of mapAtOnce(items, tryOne, { concurrency })) {
    if (tried?.error !== undefined) failures.push(tried.error);
    else if (tried !== undefined) done.push(tried.result);
  }
  const first = end === undefined ? failures.shift() : undefined;
  for (const { message } of failures) await note(message);
  return { done, failed: end ?? (first && { error: first }) };
}

/** Waits for a run. If it ends early, shows what it did or found until then, before the failure. */
export async function orShowPart<T>(run: Promise<T>, showPart: () => Promise<void>): Promise<T> {
  try {
    return await run;
  } catch (error) {
    await showPart();
    throw error;
  }
}

/** Rethrows the error of a command that can be repeated, with a note if a signal stopped it. */
export async function rethrowRepeatable(error: unknown, context: CommandContext): Promise<never> {
  if (error instanceof Interruption && !context.shared.json) {
    await context.note("The received data is kept. Repeat the same command to continue.");
  }
  throw error;
}
