import { bodyStream } from "../../../core/bytes/bytes.ts";
import { digestOfChunks } from "../../../core/bytes/digest.ts";
import { checkNewName } from "../../../core/naming/names.ts";
import { CHOICES } from "../../../core/registry/operations/saving.ts";
import { digestValue, isRegistryError } from "../../../mod.ts";
import { LocalPath } from "../../../materializers/mod.ts";
import type { Registry, RegistryError, SavedArtifact, SaveOptions } from "../../../mod.ts";
import { defineCommand, ON_CONFLICT_OPTION } from "../program/command.ts";
import type { Command, CommandContext, OptionDefinition } from "../program/command.ts";
import { addedTo, withAdded } from "../program/extensions/added_options.ts";
import type { Extension } from "../program/extension.ts";
import { INCOMPLETE } from "../terminal/exit_code.ts";
import { invalid, withHints } from "../terminal/hints.ts";
import { parseEntry } from "../values/metadata.ts";
import { checkNewAlias, refuseHalfRef } from "../program/refusals.ts";
import { ownInput } from "../program/split_remotes.ts";
import { localPathOf } from "../places/open_store.ts";
import { formatAdded, formatBytes } from "../terminal/units.ts";
import type { DescribedModel } from "../values/model_facts.ts";
import { leftOutJson, leftOutLine, LeftOutList } from "../values/left_out.ts";
import { TREE_OPTIONS, treeOptionsOf } from "../values/tree_options.ts";
import { measureSource, readValue } from "../values/value_source.ts";

const OPTIONS = [
  { flags: "--version <version>", text: "the version: 1.2.0, 2, 3.0.0-rc.1 (default: the next)" },
  {
    flags: "--bump <number>",
    text: "the number to raise for the next version",
    choices: CHOICES.bump,
  },
  {
    flags: "--as <kind>",
    text: "save the content as a value (default: a file or folder as such, stdin as bytes)",
    choices: ["json", "text", "bytes"],
  },
  { flags: "-a, --alias <alias>", text: "point this alias to the new version", repeat: true },
  {
    flags: "-m, --metadata <key=value>",
    text: "your own metadata; key:=JSON for numbers",
    repeat: true,
    parse: parseEntry,
  },
  {
    flags: "--input <ref>",
    text: "a version that it was made from: a number, an alias or a range; a name is the latest",
    repeat: true,
    completes: "ref",
  },
  ON_CONFLICT_OPTION,
  { flags: "-n, --dry-run", text: "only show what would be saved, and what changed" },
  { flags: "--skip-if-unchanged", text: "save nothing if the latest version is the same" },
  {
    flags: "--share <what>",
    text: "what to share with the last version: equal bytes and numbers of weights, equal " +
      "bytes, only whole files, or nothing",
    choices: CHOICES.share,
  },
  { flags: "--idempotency-key <key>", text: "repeats with this key return the first result" },
  { flags: "--compress <how>", text: "compress the stored bytes", choices: CHOICES.compress },
  {
    flags: "--allow-empty",
    text: "accept empty standard input or an empty folder, usually a sign of a failure",
  },
  ...TREE_OPTIONS,
] as const satisfies readonly OptionDefinition[];

export const createSave = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "save",
    summary: "Save a file, a folder or standard input as a new version.",
    details:
      "Without --version it takes the next number: 1.0.0, 2.0.0, 3.0.0 …, or 1.5.0 after 1.4.0. " +
      "Files that did not change since the last version are not stored again. A folder is saved " +
      "whole, with links as links; omitted files are listed. With --quiet, prints only the ref.",
    args: [
      {
        usage: "<name>",
        text: "the artifact, any string without @; name@1.2.0 sets the version too",
        completes: "name",
      },
      { usage: "<source>", text: "a file, a folder, or - for standard input", completes: "file" },
    ],
    options: withAdded(OPTIONS, "save", extensions),
    examples: [
      ["holdfast save my:model ./model.bin", "the next version"],
      ["holdfast save data:raw@1.4 ./data --alias production", "a folder, with version and alias"],
      ["holdfast save code . --gitignore --exclude '*.log'", "without files that git ignores"],
      ["holdfast save site ./public --links follow", "with the targets of its links"],
      ["pg_dump shop | holdfast save backup - --compress zstd", "the output of a program"],
      [`echo '{"lr": 0.1}' | holdfast save config - --as json`, "a value for programs"],
      ["holdfast save my:model m.bin -m epochs:=3 --input data:raw@1.4.0", "with its lineage"],
    ],
    async run([target, source], flags, context) {
      const { io, shared } = context;
      const { name, version } = splitTarget(target, flags.version);
      checkNewName(name);
      for (const alias of flags.alias ?? []) checkNewAlias(alias); // before anything is saved
      const inputs = flags.input?.map((input) => ownInput(input, shared));
      for (const input of inputs ?? []) refuseHalfRef(input);
      const typed = flags.metadata && Object.fromEntries(flags.metadata);
      const registry = await context.open({ write: !flags.dryRun });
      const leftOut = new LeftOutList();
      const beside = await besideSource(extensions, source, flags, context);
      const kept = beside.flatMap(({ files }) => files);
      const tree = treeOptionsOf(flags);
      const value = await readValue(source, io, {
        ...tree,
        ...kept.length > 0 &&
          { exclude: [...tree.exclude ?? [], ...kept.map((path) => `/${path}`)] },
        as: flags.as,
        allowEmpty: flags.allowEmpty,
        onLeftOut: (entry) => kept.includes(entry.path) || leftOut.add(entry),
      });
      await checkBeside(beside, registry, value, io.signal);
      if (flags.dryRun) {
        return await dryRunOf(registry, { name, version, value, left: leftOut }, context);
      }
      const model = await describe(value, typed, context);
      const metadata = model === undefined ? typed : { ...typed, model: model.facts };
      const { bump, onConflict, skipIfUnchanged, share, idempotencyKey, compress } = flags;
      const saving = saveWithProgress(registry, { name, source, value }, {
        version,
        bump,
        onConflict,
        skipIfUnchanged,
        idempotencyKey,
        alias: flags.alias,
        compress,
        inputs,
        metadata,
        share,
      }, context);
      const saved = await withHints(saving, {
        Denied: (error) => skipHint(error, value, context),
      });
      const added: object = {};
      for (const { after } of beside) Object.assign(added, await after({ ...saved, registry }));
      const aliases = flags.alias === undefined ? {} : { aliases: flags.alias };
      const text = savedText(saved, flags);
      const notes = [leftOutLine(leftOut.entries), saved.skipped ? undefined : model?.line];
      await printNotes(notes, context);
      await context.done(
        { ...saved, ...aliases, ...added, ...leftOutJson(leftOut.entries) },
        text,
        refOf(saved),
      );
      if (leftOut.entries.some(({ reason }) => reason === "unreadable")) return INCOMPLETE;
    },
  });

/** Lets extensions compare what lies beside the source with its files, which are read for that. */
async function checkBeside(
  beside: Awaited<ReturnType<typeof besideSource>>,
  { materializers }: Registry,
  value: unknown,
  signal: AbortSignal,
): Promise<void> {
  if (beside.length === 0) return;
  const hashed = [];
  const files = await materializers.forValue(value).save(value, { signal });
  for await (const { path, mode, content } of files) {
    const stream = bodyStream("stream" in content ? content.stream() : content);
    hashed.push({ path, mode, sha256: (await digestOfChunks(stream, signal)).sha256 });
  }
  for (const { check } of beside) check(hashed);
}

/** Asks each extension what lies beside the source. */
async function besideSource(
  extensions: readonly Extension[],
  source: string,
  flags: unknown,
  context: CommandContext,
) {
  const all = addedTo("save", extensions).map(({ before }) => before?.(source, flags, context));
  return (await Promise.all(all)).flatMap((each) => each ?? []);
}

/** Returns the facts of a model that is saved from a path. A damaged one is saved without. */
async function describe(
  value: unknown,
  typed: Record<string, unknown> | undefined,
  { io, note }: CommandContext,
): Promise<DescribedModel | undefined> {
  if (!(value instanceof LocalPath) || typed?.model !== undefined) return undefined;
  if (!value.path.toLowerCase().endsWith(".safetensors")) return undefined;
  const { describePath } = await import("../values/model_facts.ts");
  try {
    return await describePath(value.path, io.signal);
  } catch (error) {
    io.signal?.throwIfAborted();
    if (isRegistryError(error, "Corrupt", "Unsupported")) {
      await note(`The model has no facts: ${error.message}`);
    }
  }
}

async function printNotes(
  notes: (string | undefined)[],
  { note, shared }: CommandContext,
): Promise<void> {
  for (const text of shared.json ? [] : notes) if (text !== undefined) await note(text);
}

/** Splits `name@1.2.0`, which is `name` with `--version 1.2.0`. */
function splitTarget(target: string, option?: string): { name: string; version?: string } {
  const [name = "", version] = target.split(/@(.*)/s);
  if (version === undefined || option === undefined) return { name, version: version ?? option };
  const hint = "Write NAME@VERSION, or NAME and --version.";
  throw invalid(`save ${JSON.stringify(target)}`, "it has two versions", hint);
}

/** Returns the hint of an error; for an unreadable file in a folder also how to save the rest. */
function skipHint(error: RegistryError, value: unknown, context: CommandContext): string {
  const hint = context.hint(error) ?? "";
  const isInFolder = error.action === "read" && error.key === undefined &&
    value instanceof LocalPath && error.subject !== JSON.stringify(value.path);
  return isInFolder ? `${hint} Or save the rest: --skip-unreadable` : hint;
}

function refOf({ name, version }: SavedArtifact): string {
  return `${name}@${version}`;
}

async function saveWithProgress(
  registry: Registry,
  { name, source, value }: { name: string; source: string; value: unknown },
  options: SaveOptions,
  context: CommandContext,
): Promise<SavedArtifact> {
  const { io } = context;
  const progress = context.progress(`save ${name}`);
  const waits = localPathOf(registry.location) === undefined
    ? "waiting for the store"
    : "writing to disk";
  const measured = io.stderr.isTerminal ? measureSource(source, io) : undefined;
  const paths = new Set<string>();
  const saved = await registry.save(name, value, {
    ...options,
    as: registry.materializers.forValue(value), // a string is content, never a path
    signal: io.signal,
    onProgress({ path, bytes }) {
      const { bytes: totalBytes, files: total } = measured?.size ?? {};
      if (measured !== undefined) paths.add(path);
      const isFolder = total !== undefined || paths.size > 1;
      const things = isFolder ? { done: paths.size, total, what: "files" } : undefined;
      progress.update({ bytes, totalBytes, things, waits });
    },
  });
  await progress.end();
  return saved;
}

function savedText(
  saved: SavedArtifact,
  flags: Pick<SaveOptions, "onConflict" | "skipIfUnchanged"> & { alias?: string[] },
): string {
  const aliases = flags.alias ?? [];
  const facts = (size: string) => `${refOf(saved)} (${[size, ...aliases].join(", ")})`;
  if (!saved.skipped) return `Saved ${facts(formatBytes(saved.size) + formatAdded(saved))}`;
  const reason = flags.skipIfUnchanged
    ? "unchanged"
    : flags.onConflict === "skip"
    ? "it already exists"
    : "the idempotency key was used before";
  return `Kept ${facts(formatBytes(saved.size))}: ${reason}`;
}

async function dryRunOf(
  registry: Registry,
  { name, version, value, left }: {
    name: string;
    version?: string;
    value: unknown;
    left: LeftOutList;
  },
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  const digest = await digestValue(registry, value, { signal });
  const latest = await registry.has(name, { signal })
    ? await registry.info(name, { signal })
    : undefined;
  const isThere = version !== undefined && await registry.has(`${name}@${version}`, { signal });
  const unchanged = latest?.digest === digest;
  const note = latest === undefined
    ? "a new name"
    : `the latest version ${latest.version} has ${unchanged ? "the same" : "other"} content`;
  const target = version === undefined ? name : `${name}@${version}`;
  const text = `Would save ${target}: ${isThere ? "that version already exists; " : ""}${note}`;
  const json = { dryRun: true, name, version, digest, latest: latest?.version, unchanged, isThere };
  await printNotes([leftOutLine(left.entries)], context);
  await context.result({ ...json, ...leftOutJson(left.entries) }, text);
}
