import { parseRef, type Registry } from "../../../mod.ts";
import { type Command, defineCommand } from "../program/command.ts";
import { tryEach } from "../program/try_each.ts";
import { invalid, shellWord, withHints } from "../terminal/hints.ts";
import { formatBytes } from "../terminal/units.ts";

export const undelete: Command = defineCommand({
  name: "undelete",
  summary: "Restore deleted versions.",
  details:
    "A version comes back under its own number, with its files, metadata, notes and times. It can " +
    "be restored for the grace period, 24 hours by default, and then until gc runs. Aliases are not " +
    "restored: see alias NAME ALIAS --history.",
  args: [{ usage: "<refs...>", text: "name@version", completes: "name" }],
  options: [],
  examples: [
    ["holdfast versions my:model --deleted", "what can be restored, and until when"],
    ["holdfast undelete my:model@1.0.0", "one version"],
  ],
  async run([refs], _flags, context) {
    const { signal } = context.io;
    for (const ref of refs) refuseUnclear(ref);
    const registry = await context.open({ write: true });
    for (const ref of refs) if (parseRef(ref).bare) refuseBare(registry, ref);
    const { done, failed } = await tryEach(refs, async (ref) => {
      const progress = context.progress(`undelete ${ref}`);
      const restoring = registry.undelete(ref, { signal, onProgress: progress.update });
      const { name, version, size } = await withHints(restoring, { NotFound: () => hintFor(ref) })
        .finally(progress.end);
      return { name, version, size };
    }, context);
    if (done.length > 0) {
      const restored = done.map(({ name, version }) => ({ name, version }));
      const lines = done.map(({ name, version, size }) =>
        `Restored ${name}@${version} (${formatBytes(size)})`
      );
      await context.done({ restored }, lines.join("\n"));
    }
    if (failed !== undefined) throw failed.error;
  },
});

/** Refuses refs of other versions before the registry is opened. */
function refuseUnclear(ref: string): void {
  const { bare, selector, name } = parseRef(ref);
  if (bare || selector.kind === "version") return;
  const hint = `Name one of them: holdfast versions ${shellWord(name)} --deleted`;
  throw invalid(`undelete "${ref}"`, "the ref is not an exact version", hint);
}

function refuseBare({ settings }: Registry, name: string): void {
  if (!settings.versioned) return;
  const hint = `Pick one: holdfast versions ${shellWord(name)} --deleted`;
  throw invalid(`undelete "${name}"`, "the ref has no version", hint);
}

function hintFor(ref: string): string {
  const { name } = parseRef(ref);
  return `See what can be restored: holdfast versions ${shellWord(name)} --deleted. ` +
    "A mirror may have a copy.";
}
