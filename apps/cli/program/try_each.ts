// Commands that do the same for several items: one that fails does not stop the others, and what was
// done or found before a run ends early is shown.
import { isRegistryError, type RegistryError } from "../../../mod.ts";
import type { CommandContext } from "./command.ts";

/** Failures of one item: those of the store or of the run would come again. */
const OF_ONE = ["NotFound", "AlreadyExists", "Conflict", "Corrupt", "Denied"] as const;

/**
 * Does something for each item. Returns the failure to throw: the one that ended the run, or the
 * first one. Notes the others.
 */
export async function tryEach<T>(
  items: readonly T[],
  action: (item: T) => Promise<void>,
  { note }: Pick<CommandContext, "note">,
): Promise<{ error: unknown } | undefined> {
  const failures: RegistryError[] = [];
  let end: { error: unknown } | undefined;
  for (const item of items) {
    try {
      await action(item);
    } catch (error) {
      if (isRegistryError(error, ...OF_ONE)) {
        failures.push(error);
        continue;
      }
      end = { error };
      break;
    }
  }
  const first = end === undefined ? failures.shift() : undefined;
  for (const { message } of failures) await note(message);
  return end ?? (first && { error: first });
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
