/**
 * `holdfast cache`
 *
 * @module
 */
import { cacheFolder } from "../../../core/disk/cache_folder.ts";
import { RegistryError } from "../../../core/errors.ts";
import { clearCache, createLocalBackend } from "../../../mod.ts";
import type { ClearCacheReport } from "../../../mod.ts";
import { FILES, RECORDS } from "../../../registry/cache/entry_keys.ts";
import { listCached } from "../../../registry/cache/list_cached.ts";
import { defineCommand } from "../../command.ts";
import type { Command, CommandContext } from "../../command.ts";
import { formatBytes, formatCount } from "../../terminal/units.ts";

/** Looks at, or empties, the cache of this machine. */
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
    const { io: { signal, system }, shared } = context;
    if (action !== "info" && action !== "clear") {
      throw new RegistryError({
        code: "Invalid",
        message: `Cannot read the command line: cache has no action ${JSON.stringify(action)}`,
        hint: "There is: holdfast cache info, holdfast cache clear",
      });
    }
    const folder = cacheFolder(undefined, system);
    const { files, bytes } = action === "clear"
      ? await clearCache({ signal, system })
      : "path" in folder
      ? await measure(folder.path, context)
      : { files: 0, bytes: 0 };
    const size = `${formatCount(files, "file")}, ${formatBytes(bytes)}`;
    const found = "path" in folder ? `${size} in ${folder.path}` : `Nothing is cached: ${folder.problem}`;
    const text = action === "clear" ? `Removed ${found}` : found;
    await context.result({ ...folder, files, bytes }, shared.quiet ? undefined : text);
  },
});

async function measure(path: string, { io }: CommandContext): Promise<ClearCacheReport> {
  const backend = createLocalBackend({ path });
  const report = { files: 0, bytes: 0 };
  for (const prefix of [FILES, RECORDS]) {
    for await (const { size } of listCached(backend, prefix, { signal: io.signal })) {
      report.files++;
      report.bytes += size;
    }
  }
  return report;
}
