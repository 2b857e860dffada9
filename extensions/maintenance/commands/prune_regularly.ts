import { type CommandContext, formatCount, noteRun } from "../../../apps/cli/extending.ts";
import type { Registry } from "../../../mod.ts";
import { messageOf } from "../../../core/kernel.ts";
import { pruneByRules } from "../mod.ts";

/** Prunes now and at intervals, until the run ends. A failure is noted, and the next one tries. */
export async function pruneRegularly(
  registry: Registry,
  everyMs: number,
  context: CommandContext,
): Promise<void> {
  const { signal, system } = context.io;
  while (!signal.aborted) {
    try {
      const { deleted, failures } = await pruneByRules(registry, { signal });
      if (failures.length === 0) await noteRun(registry.id, ["prune"], context);
      if (deleted.length > 0) {
        await context.note(`Pruned ${formatCount(deleted.length, "version")} by rules`);
      }
    } catch (error) {
      if (!signal.aborted) await context.note(`Cannot prune by rules: ${messageOf(error)}`);
    }
    await system.sleep(everyMs, signal).catch(() => {}); // the loop checks the signal
  }
}
