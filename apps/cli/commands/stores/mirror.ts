// `holdfast mirror`
import {
  type MirrorItem,
  mirrorRegistry,
  type MirrorReport,
} from "../../../../registry/maintenance.ts";
import { fault, hintFor } from "../../../../core/errors.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { inOrder, printTable } from "../../terminal/print_table.ts";
import { refuseRef } from "../../program/refusals.ts";
import { formatBytes, formatCount, parseCount } from "../../terminal/units.ts";

interface MirrorFlags {
  prefix?: string;
  range?: string;
  rename?: Renaming[];
  aliases?: boolean;
  deleted?: boolean;
  verify?: boolean;
  concurrency?: number;
  dryRun?: boolean;
  create?: boolean;
}

/** Names that begin with `from` begin with `to` instead. */
interface Renaming {
  from: string;
  to: string;
}

export const mirror: Command = defineCommand<
  [from: string, to: string, names: string[]],
  MirrorFlags
>({
  name: "mirror",
  summary: "Bring what a registry holds to another one, whatever stores they are in.",
  details:
    "Versions with files, metadata and dates, aliases, deletions. Every byte is checked on its way. Run it again to " +
    "bring what is new, or what a run that was stopped has left: what is there is only listed. An immutable target " +
    "keeps what it has; a mutable one follows the source. Versions are carried as they are: what of a folder is " +
    "kept, and what is left out, is said when it is saved (holdfast save --exclude …). Exit code 1 and a table when something could not be " +
    "mirrored. With --json: one line per failure, then the report.",
  args: [
    { usage: "<from>", text: "a folder, URL or @name", completes: "place" },
    {
      usage: "<to>",
      text: "a folder, URL or @name, with a registry; see --create",
      completes: "place",
    },
    { usage: "[names...]", text: "only these names" },
  ],
  options: [
    { flags: "--prefix <text>", text: "only names that begin with this" },
    { flags: "--range <range>", text: "only versions in this range, such as ^2" },
    {
      flags: "--rename <old=new>",
      text: "names that begin with old begin with new in the target; =team/ puts team/ before all",
      parse: parseRenaming,
      repeat: true,
    },
    { flags: "--no-aliases", text: "leave aliases as they are" },
    { flags: "--no-deleted", text: "leave what was deleted in the source as it is" },
    {
      flags: "--create",
      text: "create the target, with the settings of the source, where it is not there",
    },
    { flags: "--verify", text: "trust no earlier run, and read back all that was mirrored" },
    { flags: "--concurrency <count>", text: "how many versions at once (8)", parse: parseCount },
    { flags: "-n, --dry-run", text: "only say what would be done" },
  ],
  examples: [
    [
      "holdfast mirror .holdfast s3://bucket/team --create",
      "a folder into a bucket, for the first time",
    ],
    ["holdfast mirror s3://bucket/team ./backup --quiet", "from cron"],
    [
      "holdfast mirror ./a ./b my:model --range ^2 --rename my:=their: --dry-run",
      "some of it, under another name",
    ],
  ],
  async run([fromPlace, toPlace, names], flags, context) {
    const { io, shared, logger } = context;
    const { rename = [], dryRun = false, create = false } = flags;
    const { prefix, range, aliases, deleted, verify, concurrency } = flags; // beside them stand those of every command
    for (const name of names) refuseRef(name, "mirror", "mirror FROM TO");
    const from = await context.open({
      registry: fromPlace,
      missing: "Check the place: the first one is what is mirrored, and must be a registry.",
    });
    const to = await context.open({
      registry: toPlace,
      write: !dryRun,
      create: create ? from.settings : undefined,
      missing: "Check the place, or add --create to make a registry there, like the source.",
    });
    const progress = context.progress("mirror");
    const report = await mirrorRegistry(from, to, {
      ...{ prefix, range, aliases, deleted, verify, concurrency, dryRun },
      names: names.length > 0 ? names : undefined,
      rename: (name) => renamed(name, rename),
      signal: io.signal,
      onItem: (item) => logger.debug(`${item.action} ${shownItem(item)}`),
      onProgress: ({ bytes, names, totalNames }) =>
        progress.update({ bytes, things: { done: names, total: totalNames, what: "names" } }),
    });
    await progress.end();
    const { failures, leftOut } = report;
    if (leftOut.length > 0 && !shared.json && !shared.quiet) {
      await context.note(
        `Left out, as one of the two cannot tell or keep it: ${leftOut.join(", ")}`,
      );
    }
    if (failures.length > 0) {
      const told = shared.json
        ? failures
        : inOrder(failures, ({ name, version, alias }) => `${name}@${version ?? alias}`);
      const rows = told.map(({ name, version, alias, error }) => {
        const { code, message, key } = error;
        return {
          json: { name, version, alias, code, message, hint: hintFor(error, "cli"), key },
          cells: [`${name}@${version ?? alias}`, code, message],
        };
      });
      await printTable(context, ["REF", "CODE", "PROBLEM"], rows);
    }
    await context.done({ ...report, failures: failures.length }, summary(report));
    return failures.length > 0 ? 1 : 0;
  },
});

function parseRenaming(text: string): Renaming {
  const at = text.indexOf("=");
  if (at >= 0) return { from: text.slice(0, at), to: text.slice(at + 1) };
  throw fault({
    code: "Invalid",
    action: "rename by",
    subject: JSON.stringify(text),
    state: "it has no =",
    hint:
      "Write what names begin with, =, and what they begin with in the target: --rename my:=their:",
  });
}

function renamed(name: string, renamings: readonly Renaming[]): string {
  const found = renamings.find(({ from }) => name.startsWith(from));
  return found === undefined ? name : found.to + name.slice(found.from.length);
}

function shownItem({ name, target, version, alias }: MirrorItem): string {
  const ref = `${name}@${version ?? alias}`;
  return target === name ? ref : `${ref} as ${target}`;
}

function summary(
  { dryRun, copied, files, bytes, deleted, aliases, skipped, failures }: MirrorReport,
): string {
  const parts = [
    `${dryRun ? "Would mirror" : "Mirrored"} ${formatCount(copied, "version")} ` +
    `(${formatCount(files, "file")}, ${formatBytes(bytes)})`,
  ];
  if (deleted > 0) parts.push(`${formatCount(deleted, "deletion")}`);
  if (aliases > 0) parts.push(`${aliases} ${aliases === 1 ? "alias" : "aliases"}`);
  parts.push(`${skipped} unchanged`);
  if (failures.length > 0) parts.push(`${failures.length} failed`);
  return parts.join(", ");
}
