// `holdfast save`
import { digestOfValue } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { Bump, OnConflict } from "../../../registry/mod.ts";
import type { Encoding } from "../../../materializers/mod.ts";
import type { Registry, SavedArtifact, SaveOptions } from "../../../mod.ts";
import {
  type Command,
  type CommandContext,
  defineCommand,
  ON_CONFLICT_OPTION,
} from "../program/command.ts";
import { parseEntry, readMetadata } from "../values/metadata.ts";
import { refuseHalfRef, refuseOddAlias } from "../program/refusals.ts";
import { ownInput } from "../program/split_remotes.ts";
import { localPathOf } from "../places/open_store.ts";
import { formatAdded, formatBytes } from "../terminal/units.ts";
import { leftOutJson, leftOutLine, LeftOutList } from "../values/left_out.ts";
import { TREE_OPTIONS, type TreeFlags, treeOptionsOf } from "../values/tree_options.ts";
import { measureSource, readValue, type SourceKind } from "../values/value_source.ts";

interface SaveFlags extends TreeFlags {
  version?: string;
  bump?: Bump;
  as?: SourceKind;
  allowEmpty?: boolean;
  dryRun?: boolean;
  share: boolean;
  alias?: string[];
  metadata?: [string, unknown][];
  metadataFile?: string;
  input?: string[];
  onConflict?: OnConflict;
  skipIfUnchanged?: boolean;
  idempotencyKey?: string;
  compress?: Encoding;
}

export const save: Command = defineCommand<[name: string, source: string], SaveFlags>({
  name: "save",
  summary: "Save a file, a folder or standard input as a new version.",
  details:
    "Without --version the next number is taken: 1.0.0, 2.0.0, 3.0.0 …, or after 1.4.0 1.5.0. " +
    "Files that did not change since the last version are not stored again. Of a folder all is kept but what the " +
    "options below leave out, which is told; links are kept as links. With --quiet only the ref is printed.",
  args: [
    {
      usage: "<name>",
      text: "the artifact, any text without @; name@1.2.0 also says the version",
      completes: "name",
    },
    { usage: "<source>", text: "a file, a folder, or - for standard input", completes: "file" },
  ],
  options: [
    {
      flags: "--version <version>",
      text: "the version: 1.2.0, 2, 3.0.0-rc.1 (default: the next one)",
    },
    {
      flags: "--bump <number>",
      text: "which number the next version raises",
      choices: ["major", "minor", "patch"],
    },
    {
      flags: "--as <kind>",
      text:
        "take the content as a value of this kind (default: a file or folder as such, standard input as bytes)",
      choices: ["json", "text", "bytes"],
    },
    {
      flags: "-a, --alias <alias>",
      text: "also let this alias name the new version",
      repeat: true,
    },
    {
      flags: "-m, --metadata <key=value>",
      text: "your own data; key:=JSON for numbers",
      repeat: true,
      parse: parseEntry,
    },
    { flags: "--metadata-file <file>", text: "your own data, a JSON object", completes: "file" },
    {
      flags: "--input <ref>",
      text: "what it was made from; kept as it is written, not looked up",
      repeat: true,
      completes: "ref",
    },
    ON_CONFLICT_OPTION,
    {
      flags: "-n, --dry-run",
      text: "only say what would be saved, and whether the latest version has the same content",
    },
    {
      flags: "--skip-if-unchanged",
      text: "save nothing when the content is that of the latest version",
    },
    {
      flags: "--no-share",
      text: "store every byte again, sharing no file with the version before",
    },
    {
      flags: "--idempotency-key <key>",
      text: "a repeat with this key saves nothing and returns the first result",
    },
    { flags: "--compress <how>", text: "compress the stored bytes", choices: ["gzip", "zstd"] },
    {
      flags: "--allow-empty",
      text: "save standard input also where nothing came: mostly a program before it failed",
    },
    ...TREE_OPTIONS,
  ],
  examples: [
    ["holdfast save my:model ./model.bin", "the next version"],
    ["holdfast save data:raw@1.4 ./data --alias production", "a folder, with version and alias"],
    ["holdfast save code . --gitignore --exclude '*.log'", "a checkout, without what git ignores"],
    ["holdfast save site ./public --links follow", "with what its links lead to in their place"],
    ["pg_dump shop | holdfast save backup - --compress zstd", "what a program writes"],
    [`echo '{"lr": 0.1}' | holdfast save config - --as json`, "a value that programs load"],
    [
      "holdfast save my:model m.bin -m epochs:=3 --input data:raw@1.4.0",
      "with what it was made from",
    ],
  ],
  async run([target, source], flags, context) {
    const { io, shared } = context;
    const { name, version } = splitTarget(target, flags.version);
    if (!flags.share && flags.skipIfUnchanged) {
      throw fault({
        code: "Invalid",
        action: "save",
        subject: JSON.stringify(target),
        state: "--no-share and --skip-if-unchanged are both given",
        hint: "The one stores everything again, the other nothing that is there: leave one out.",
      });
    }
    for (const alias of flags.alias ?? []) refuseOddAlias(alias); // before anything is saved
    const inputs = flags.input?.map((input) => ownInput(input, shared));
    for (const input of inputs ?? []) refuseHalfRef(input);
    const metadata = await readMetadata(flags.metadata ?? [], {
      file: flags.metadataFile,
      cwd: io.cwd,
    });
    const registry = await context.open({ write: !flags.dryRun });
    const left = new LeftOutList();
    const value = await readValue(source, io, {
      ...treeOptionsOf(flags),
      as: flags.as,
      allowEmpty: flags.allowEmpty,
      onLeftOut: left.add,
    });
    if (flags.dryRun) return await sayOnly(registry, { name, version, value }, context);
    const { bump, onConflict, skipIfUnchanged, idempotencyKey, compress } = flags;
    const saved = await saveShown(registry, { name, source, value }, {
      ...{ version, bump, onConflict, skipIfUnchanged, idempotencyKey, compress, inputs, metadata },
      base: flags.share ? undefined : null,
    }, context);
    for (const alias of flags.alias ?? []) {
      await registry.setAlias(name, alias, saved.version, { signal: io.signal });
    }
    const aliases = flags.alias === undefined ? {} : { aliases: flags.alias };
    const text = savedText(saved, flags);
    const line = leftOutLine(left.entries);
    if (line !== undefined && !shared.json) await context.note(line);
    await context.done({ ...saved, ...aliases, ...leftOutJson(left.entries) }, text, refOf(saved));
  },
});

/** `name@1.2.0` is `name` with `--version 1.2.0`, as refs are written everywhere. */
function splitTarget(target: string, option?: string): { name: string; version?: string } {
  const [name, version] = target.split(/@(.*)/s);
  if (version === undefined || option === undefined) return { name, version: version ?? option };
  throw fault({
    code: "Invalid",
    action: "save",
    subject: JSON.stringify(target),
    state: "a version is given twice",
    hint: "Write NAME@VERSION, or NAME and --version, not both.",
  });
}

function refOf({ name, version }: SavedArtifact): string {
  return `${name}@${version}`;
}

/** Saves a value and shows how far that is. */
async function saveShown(
  registry: Registry,
  { name, source, value }: { name: string; source: string; value: unknown },
  options: SaveOptions,
  context: CommandContext,
): Promise<SavedArtifact> {
  const { io } = context;
  const progress = context.progress(`save ${name}`);
  const waits = localPathOf(registry.location) === undefined
    ? "waiting for the store"
    : "writing it to the disk";
  const total = io.stderr.isTerminal ? measureSource(source, io) : undefined;
  const saved = await registry.save(name, value, {
    ...options,
    signal: io.signal,
    onProgress: ({ bytes }) => progress.update({ bytes, totalBytes: total?.bytes, waits }),
  });
  await progress.end();
  return saved;
}

function savedText(saved: SavedArtifact, flags: SaveFlags): string {
  const aliases = flags.alias ?? [];
  const facts = (size: string) => `${refOf(saved)} (${[size, ...aliases].join(", ")})`;
  if (!saved.skipped) return `Saved ${facts(formatBytes(saved.size) + formatAdded(saved))}`;
  const reason = flags.skipIfUnchanged
    ? "nothing new to save"
    : flags.onConflict === "skip"
    ? "it exists already, nothing was saved"
    : "the key was used before, so its first result is returned and nothing was saved";
  return `Kept ${facts(formatBytes(saved.size))}: ${reason}`;
}

/** Says what a save would do: whether its version is there, and whether the latest one has the same content. */
async function sayOnly(
  registry: Registry,
  { name, version, value }: { name: string; version?: string; value: unknown },
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  const digest = await digestOfValue(registry, value, { signal });
  const latest = await registry.has(name, { signal })
    ? await registry.info(name, { signal })
    : undefined;
  const isThere = version !== undefined && await registry.has(`${name}@${version}`, { signal });
  const unchanged = latest?.digest === digest;
  const beside = latest === undefined
    ? "nothing is saved under it yet"
    : `the latest is ${latest.version}, of ${unchanged ? "the same" : "other"} content`;
  const target = version === undefined ? name : `${name}@${version}`;
  const text = `Would save ${target}: ${isThere ? "that version is there already; " : ""}${beside}`;
  const json = { dryRun: true, name, version, digest, latest: latest?.version, unchanged, isThere };
  await context.result(json, text);
}
