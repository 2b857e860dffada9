// `holdfast cache`
import { clearCache, inspectCache } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { formatBytes, formatCount } from "../../terminal/units.ts";

export const cache: Command = defineCommand<[action: string], Record<never, never>>({
  name: "cache",
  summary: "Say what is cached of buckets on this machine, or remove it.",
  details:
    "What is loaded from buckets is kept in $HOLDFAST_CACHE, else in holdfast below $XDG_CACHE_HOME or ~/.cache, up to " +
    "10 GiB; what was not used for longest makes room. Removing it costs nothing but time.",
  args: [{ usage: "<action>", text: "info or clear" }],
  options: [],
  examples: [
    ["holdfast cache info", "where it is and how large"],
    ["holdfast cache clear", "remove it"],
  ],
  async run([action], _options, context) {
    const { signal, system } = context.io;
    if (action !== "info" && action !== "clear") {
      throw fault({
        code: "Invalid",
        action: "read the command line",
        state: `cache has no action ${JSON.stringify(action)}`,
        hint: "There is: holdfast cache info, holdfast cache clear",
      });
    }
    const found = await inspectCache({ signal, system });
    const { files, bytes } = action === "clear" ? await clearCache({ signal, system }) : found;
    const size = `${formatCount(files, "file")}, ${formatBytes(bytes)}`;
    const where = found.path === undefined
      ? `Nothing is cached: ${found.problem}`
      : `${size} in ${found.path}`;
    const text = action === "clear" ? `Removed ${where}` : where;
    await context.done({ ...found, files, bytes }, text);
  },
});
