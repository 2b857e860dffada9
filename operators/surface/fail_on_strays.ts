// Failures of operators that nothing awaits.
import process from "node:process";
import type { CommandContext } from "../../apps/cli/extending.ts";
import { listenForStrays } from "../../core/kernel.ts";
import { reportError } from "../../apps/cli/extending.ts";

/**
 * Lets such a failure fail its step instead of ending the process and the steps beside it. If the
 * step is unknown, it fails all that run here: their output may be incomplete.
 */
export function failOnStrays(context: CommandContext): Disposable {
  const stop = listenForStrays({
    onLate: (error) => context.logger.warn(error.message),
    onUnknown(error, failRunning) {
      if (failRunning()) return;
      void reportError(error, context.shared, context.io, context).finally(() => process.exit(1));
    },
  });
  return { [Symbol.dispose]: stop };
}
