import { checkNewName } from "../../../core/naming/names.ts";
import { parseRef } from "../../../mod.ts";
import { copyVersion } from "../../copy_version.ts";
import { defineCommand, ON_CONFLICT_OPTION } from "../program/command.ts";
import type { Command, CommandContext } from "../program/command.ts";
import { remoteOf } from "../program/split_remotes.ts";
import { lookUp, withHints } from "../terminal/hints.ts";
import { formatAdded, formatBytes } from "../terminal/units.ts";

export const copy: Command = defineCommand({
  name: "copy",
  summary: "Save a version under another name or version.",
  details: "Files and metadata are the same. A name without a version gets its next version. If " +
    "the new name is in another registry, such as @team, the files pass through this machine once, " +
    "unless one store has both registries and copies the files itself.",
  between: true,
  args: [
    { usage: "<ref>", text: "the version to copy", completes: "ref" },
    { usage: "<to>", text: "the new name, or name@version", completes: "name" },
  ],
  options: [ON_CONFLICT_OPTION, { flags: "-n, --dry-run", text: "only show what would be copied" }],
  examples: [
    ["holdfast copy my:model@production my:model-2026", "under a new name"],
    ["holdfast copy my:model@2.0.0-rc.1 my:model@2.0.0", "a candidate becomes a release"],
    ["holdfast copy @team/my:model @own/their:model", "from one registry to another"],
  ],
  async run([ref, to], { onConflict, dryRun = false }, context) {
    const { io } = context;
    if (dryRun) return await dryRunOf(ref, to, context);
    const other = remoteOf(to);
    const registry = await context.open({ write: other === undefined });
    const progress = context.progress(`copy ${ref}`);
    const options = { onConflict, signal: io.signal, onProgress: progress.update };
    const target = other && await context.open({ registry: other.registry, write: true });
    const copying = target === undefined
      ? registry.copy(ref, to, options)
      : copyVersion(registry, ref, { ...options, to: target, as: other!.rest });
    const saved = await withHints(copying, lookUp(ref));
    await progress.end();
    const copied = `${saved.name}@${saved.version}`;
    const [done, added] = saved.skipped ? ["Kept", ""] : ["Copied to", formatAdded(saved)];
    const text = `${done} ${copied} (${formatBytes(saved.size)}${added})`;
    await context.done(saved, text, copied);
  },
});

async function dryRunOf(ref: string, to: string, context: CommandContext): Promise<void> {
  const other = remoteOf(to);
  const { bare, name: newName } = parseRef(other?.rest ?? to);
  checkNewName(newName);
  const { signal } = context.io;
  const registry = await context.open();
  const target = other === undefined ? registry : await context.open({ registry: other.registry });
  const { name, version, size } = await withHints(registry.info(ref, { signal }), lookUp(ref));
  const isThere = !bare && await target.has(other?.rest ?? to, { signal });
  const note = isThere ? ", which already exists" : "";
  const text = `Would copy ${name}@${version} to ${to} (${formatBytes(size)})${note}`;
  await context.result({ dryRun: true, from: { name, version }, to, size, isThere }, text);
}
