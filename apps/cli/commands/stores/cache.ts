import { clearCache, inspectCache } from "../../../../mod.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { invalid } from "../../terminal/hints.ts";
import { formatBytes, formatCount } from "../../terminal/units.ts";

export const cache: Command = defineCommand({
  name: "cache",
  summary: "Show or clear this machine's cache of files from buckets.",
  details: "Files loaded from buckets are cached in $HOLDFAST_CACHE, otherwise in holdfast below " +
    "$XDG_CACHE_HOME or ~/.cache, up to 10 GiB. The least recently used are removed first. " +
    "Clearing it is always safe.",
  args: [{ usage: "<action>", text: "info or clear" }],
  options: [],
  examples: [["holdfast cache info", "path and size"], ["holdfast cache clear", "clear it"]],
  async run([action], _options, context) {
    const { signal, system } = context.io;
    if (action !== "info" && action !== "clear") {
      const state = `unknown action ${JSON.stringify(action)} of cache`;
      const hint = "Use holdfast cache info or holdfast cache clear";
      throw invalid("read the command line", state, hint);
    }
    const report = await inspectCache({ signal, system });
    const { files, bytes } = action === "clear" ? await clearCache({ signal, system }) : report;
    const size = `${formatCount(files, "file")}, ${formatBytes(bytes)}`;
    const where = report.path === undefined
      ? `No cache: ${report.problem}`
      : `${size} in ${report.path}`;
    const text = action === "clear" ? `Removed ${where}` : where;
    await context.done({ ...report, files, bytes }, text);
  },
});
