import { checkNewName } from "../../../core/naming/names.ts";
import { parseRef } from "../../../mod.ts";
import { defineCommand, ON_CONFLICT_OPTION } from "../program/command.ts";
import type { Command, CommandContext } from "../program/command.ts";
import { lookUp, withHints } from "../terminal/hints.ts";
import { formatAdded, formatBytes } from "../terminal/units.ts";

export const copy: Command = defineCommand({
  name: "copy",
  summary: "Save a version under another name or version.",
  details: "Files and metadata are the same. A name without a version gets its next version.",
  args: [
    { usage: "<ref>", text: "the version to copy", completes: "ref" },
    { usage: "<to>", text: "the new name, or name@version", completes: "name" },
  ],
  options: [ON_CONFLICT_OPTION, { flags: "-n, --dry-run", text: "only show what would be copied" }],
  examples: [
    ["holdfast copy my:model@production my:model-2026", "under a new name"],
    ["holdfast copy my:model@2.0.0-rc.1 my:model@2.0.0", "a candidate becomes a release"],
  ],
  async run([ref, to], { onConflict, dryRun = false }, context) {
    const { io } = context;
    if (dryRun) return await dryRunOf(ref, to, context);
    const registry = await context.open({ write: true });
    const progress = context.progress(`copy ${ref}`);
    const saved = await withHints(
      registry.copy(ref, to, { onConflict, signal: io.signal, onProgress: progress.update }),
      lookUp(ref),
    );
    await progress.end();
    const target = `${saved.name}@${saved.version}`;
    const [done, added] = saved.skipped ? ["Kept", ""] : ["Copied to", formatAdded(saved)];
    const text = `${done} ${target} (${formatBytes(saved.size)}${added})`;
    await context.done(saved, text, target);
  },
});

async function dryRunOf(ref: string, to: string, context: CommandContext): Promise<void> {
  const { bare, name: newName } = parseRef(to);
  checkNewName(newName);
  const { signal } = context.io;
  const registry = await context.open();
  const { name, version, size } = await withHints(registry.info(ref, { signal }), lookUp(ref));
  const isThere = !bare && await registry.has(to, { signal });
  const note = isThere ? ", which already exists" : "";
  const text = `Would copy ${name}@${version} to ${to} (${formatBytes(size)})${note}`;
  await context.result({ dryRun: true, from: { name, version }, to, size, isThere }, text);
}
