// `holdfast diff`
import { diffVersions } from "../../../../mod.ts";
import type {
  ComparedVersion,
  FileChange,
  ValueChange,
  VersionDifference,
} from "../../../../registry/mod.ts";
import { otherSide, versionBefore, versionSide } from "../../look/diff_sides.ts";
import { type ContentDifference, differenceOf } from "../../look/file_difference.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { inOrder } from "../../terminal/print_table.ts";
import { printable } from "../../terminal/table.ts";
import { formatBytes, formatCount } from "../../terminal/units.ts";

type Looked = FileChange & ContentDifference;

const MARKS: Readonly<Record<FileChange["change"], string>> = {
  added: "+",
  removed: "-",
  changed: "~",
  renamed: ">",
};
/** Longest line that shows a value. */
const VALUE_LENGTH = 60;

export const diff: Command = defineCommand<[before: string, after?: string], { stat?: boolean }>({
  name: "diff",
  summary: "Show what differs between two versions: files, their content, metadata.",
  details:
    "With one ref: what differs from the version before it. The second may be a file or folder on this disk (./data, " +
    "/data). JSON is compared by its structure, other text line by line, files of more than 4 MiB only by their digest. " +
    "Exit code 1 where something differs, as diff has it.",
  args: [
    { usage: "<before>", text: "name, name@version, name@range or name@alias", completes: "ref" },
    { usage: "[after]", text: "the same, or a path that begins with . or /", completes: "ref" },
  ],
  options: [{ flags: "--stat", text: "only which files differ, not their content" }],
  examples: [
    ["holdfast diff my:config@1 my:config@2", "two versions"],
    ["holdfast diff my:config", "the latest and the one before it"],
    ["holdfast diff data:raw@production ./data --stat", "what a save of the folder would change"],
    ["holdfast diff my:model@1 my:model@2 --json | jq .metadata", "for programs"],
  ],
  async run([first, second], { stat = false }, context) {
    const { io, shared } = context;
    const registry = await context.open();
    const one = await versionSide(registry, first, io);
    const [before, after] = second === undefined
      ? [await versionSide(registry, await versionBefore(registry, one, io), io), one]
      : [one, await otherSide(registry, second, io)];
    const found = await diffVersions(registry, {
      before: before.label,
      after: after.compared,
      signal: io.signal,
    });
    const files: Looked[] = [];
    for (const change of found.files) {
      files.push(stat ? change : { ...change, ...await differenceOf(change, { before, after }) });
    }
    const labels = { before: before.label, after: after.label };
    const told = { ...found, files: inOrder(files, ({ path }) => path) };
    const text = shared.quiet ? undefined : lines(told, labels, context).join("\n");
    await context.result({ ...found, files }, text);
    return found.same ? 0 : 1;
  },
});

function lines(
  found: VersionDifference & { files: Looked[] },
  labels: { before: string; after: string },
  { colors }: CommandContext,
): string[] {
  const { before, after, files, unchanged, metadata, inputs } = found;
  const of = `${printable(labels.before)} and ${printable(labels.after)}`;
  if (found.same) return [`Nothing differs between ${of} (${formatCount(unchanged, "file")})`];
  const told = [`--- ${described(labels.before, before)}`, `+++ ${described(labels.after, after)}`];
  const [was, is] = [before, after].map(({ materializer: { id, formatVersion } }) =>
    `${id} (format ${formatVersion})`
  );
  if (was !== is) told.push("", colors.bold("kind"), `~ ${printable(was)} -> ${printable(is)}`);
  if (metadata.length > 0) told.push("", colors.bold("metadata"), ...metadata.map(changeLine));
  if (inputs.added.length + inputs.removed.length > 0) {
    const refs = (mark: string, list: typeof inputs.added) =>
      list.map((input) => `${mark} ${printable(typeof input === "string" ? input : input.ref)}`);
    told.push(
      "",
      colors.bold("made from"),
      ...refs("-", inputs.removed),
      ...refs("+", inputs.added),
    );
  }
  if (files.length > 0) told.push("", colors.bold("files"), ...files.flatMap(fileLines), "");
  return [...told, countsOf(files, unchanged)];
}

function described(label: string, { size, digest }: ComparedVersion): string {
  return `${printable(label)}  ${formatBytes(size)}  ${digest.slice(0, 12)}`;
}

function fileLines({ path, change, from, before, after, values, text }: Looked): string[] {
  const sizes = [before, after].flatMap((file) =>
    file === undefined ? [] : [formatBytes(file.size)]
  );
  const moved = from === undefined ? "" : `${printable(from)} -> `;
  const modes = [before, after].map((file) => file?.mode ?? "ordinary");
  const turned = change === "changed" && modes[0] !== modes[1]
    ? `, ${modes[0]} -> ${modes[1]}`
    : "";
  const shown = change === "renamed" ? sizes.slice(0, 1) : sizes;
  const isFolder = (after ?? before)?.mode === "folder";
  const facts = isFolder ? "an empty folder" : shown.join(" -> ");
  const head = `${MARKS[change]} ${moved}${printable(path)}  (${facts}${turned})`;
  const inside = values?.map(changeLine) ?? text?.split("\n").slice(0, -1).map(textLine) ?? [];
  return [head, ...inside.map((line) => `    ${line}`)];
}

/** Tabs belong to texts; whatever else may steer a terminal is spelled out. */
function textLine(line: string): string {
  return line.replace(/\r$/, "").split("\t").map(printable).join("\t");
}

/** `~ layers[1].rate: 0.1 -> 0.2` */
function changeLine({ path, before, after }: ValueChange): string {
  const at = path.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`).join("").replace(
    /^\./,
    "",
  );
  const place = printable(at === "" ? "the value" : at);
  if (before === undefined) return `+ ${place}: ${valueText(after)}`;
  if (after === undefined) return `- ${place}: ${valueText(before)}`;
  return `~ ${place}: ${valueText(before)} -> ${valueText(after)}`;
}

function valueText(value: unknown): string {
  const text = printable(JSON.stringify(value) ?? String(value));
  return text.length > VALUE_LENGTH ? `${text.slice(0, VALUE_LENGTH - 1)}…` : text;
}

function countsOf(files: readonly FileChange[], unchanged: number): string {
  const counts = (["added", "removed", "changed", "renamed"] as const)
    .map((change) => [files.filter((file) => file.change === change).length, change] as const)
    .filter(([count]) => count > 0)
    .map(([count, change]) => `${count} ${change}`);
  return [...(counts.length > 0 ? counts : ["no file differs"]), `${unchanged} unchanged`].join(
    ", ",
  );
}
