import { authorText } from "../../../../core/naming/author.ts";
import type { ArtifactInfo } from "../../../../mod.ts";
import { AS_OF_OPTION, lookUpThen, refOptions } from "../../look/expand_names.ts";
import { type Command, defineCommand, REF_ARGUMENT } from "../../program/command.ts";
import { withHints } from "../../terminal/hints.ts";
import { knownColumns } from "../../terminal/cli_io.ts";
import { type Fact, factsText, inOrder } from "../../program/print_table.ts";
import { type Column, createTable } from "../../terminal/table.ts";
import { formatBytes, formatCount, formatTime } from "../../terminal/units.ts";

const SHOWN_FILES = 30;

export const info: Command = defineCommand({
  name: "info",
  summary: "Show a version: files, digests, metadata, inputs.",
  args: [REF_ARGUMENT],
  options: [
    { flags: "--files", text: `list all files, not the first ${SHOWN_FILES}` },
    AS_OF_OPTION,
  ],
  examples: [
    ["holdfast info my:model", "the latest version"],
    ["holdfast info data:raw@production --files", "the version of an alias, with all files"],
    ["holdfast info my:model@production --as-of 7d", "the alias a week ago"],
    ["holdfast info my:model@^1 --json | jq -r .version", "the version that a range selects"],
  ],
  async run([ref], { files: all, asOf }, context) {
    const { io, shared } = context;
    const registry = await context.open();
    const reading = registry.info(ref, { ...refOptions({ asOf }, io), annotations: true });
    const info = await withHints(reading, lookUpThen(ref, { asOf }));
    if (shared.json) return await context.result(info, "");
    const aliases = await Array.fromAsync(registry.aliases(info.name, { signal: io.signal }));
    const exact = info.version.replace(/\+.*/, "");
    const own = aliases.flatMap(({ alias, version }) => version === exact ? [alias] : []);
    const files = fileLines(info, all ? Infinity : SHOWN_FILES, context);
    await context.result(info, [factsText(factsOf(info, own), context), "", ...files].join("\n"));
  },
});

function factsOf(info: ArtifactInfo, aliases: readonly string[]): Fact[] {
  const { name, version, files, materializer: { id, formatVersion }, inputs, generation } = info;
  return [
    ["name", name],
    ["version", version + (aliases.length > 0 ? ` (${aliases.join(", ")})` : "")],
    ["saved", formatTime(info.createdAt)],
    ["by", info.by && authorText(info.by)],
    [
      "job",
      info.by?.claims && Object.entries(info.by.claims).map((each) => each.join(" ")).join(", "),
    ],
    ["size", `${formatBytes(info.size)} in ${formatCount(files.length, "file")}`],
    ["kind", `${id} (format ${formatVersion})`],
    ["digest", info.digest],
    ["commit", info.commit + (generation > 1 ? ` (generation ${generation})` : "")],
    ["inputs", inputs.length > 0 ? inputs.map(inputText).join(", ") : undefined],
    ["key", info.idempotencyKey],
    ...valuesOf(info.metadata),
    ...annotationFacts(info.annotations),
  ];
}

export function annotationFacts(annotations: ArtifactInfo["annotations"]): Fact[] {
  if (annotations === undefined) return [];
  const { notes, labels, revision } = annotations;
  const count = Object.keys(labels).length;
  return [
    ["notes", notes],
    ["labels", count === 0 ? undefined : `${formatCount(count, "label")}, revision ${revision}`],
    ...valuesOf(labels),
  ];
}

function valuesOf(data: Record<string, unknown>): Fact[] {
  return Object.entries(data).map(([key, value]) => [
    `  ${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

function inputText(input: ArtifactInfo["inputs"][number]): string {
  if (typeof input === "string") return input;
  return input.digest === undefined ? input.ref : `${input.ref} (${input.digest.slice(0, 12)}…)`;
}

function fileLines(
  info: ArtifactInfo,
  limit: number,
  { io, colors }: { io: { stdout: { columns?: number } }; colors: { bold(text: string): string } },
): string[] {
  const size: Column = { title: "SIZE", align: "right" };
  const columns = [{ title: "FILE", shrinks: true }, size, { title: "SHA-256", drops: 1 }];
  const table = createTable(columns, { columns: knownColumns(io.stdout), heading: colors.bold });
  const rows = inOrder(info.files, ({ path }) => path).slice(0, limit).map((file) => [
    file.path + (file.mode === undefined ? "" : ` (${file.mode})`),
    formatBytes(file.size),
    file.sha256.slice(0, 12),
  ]);
  const more = info.files.length - rows.length;
  return [...table.page(rows), ...(more > 0 ? [`… and ${more} more (--files lists all)`] : [])];
}
