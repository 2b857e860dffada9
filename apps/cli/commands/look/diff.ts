import { diffVersions } from "../../../../mod.ts";
import type {
  ComparedVersion,
  FileChange,
  ValueChange,
  VersionDifference,
} from "../../../../registry/mod.ts";
import type { RowChange } from "../../../difference/compare_rows.ts";
import { type ContentDifference, differenceOf } from "../../../difference/file_content.ts";
import type { TableDifference } from "../../../difference/table_difference.ts";
import { otherSide, versionBefore, versionSide } from "../../look/diff_sides.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { inOrder } from "../../program/print_table.ts";
import { printable } from "../../terminal/table.ts";
import { formatBytes, formatCount } from "../../terminal/units.ts";

type FileDifference = FileChange & ContentDifference;

const MARKS: Readonly<Record<FileChange["change"], string>> = {
  added: "+",
  removed: "-",
  changed: "~",
  renamed: ">",
};
const VALUE_LENGTH = 60;

export const diff: Command = defineCommand({
  name: "diff",
  summary: "Compare two versions: files, their content, metadata.",
  details:
    "One ref is compared with the version before it. The second may be a local path (./data, " +
    "/data). JSON is compared by structure, other text up to 4 MiB by line, CSV and Parquet up to " +
    "64 MiB also by row. Exit code 1 if they differ, like diff.",
  args: [
    { usage: "<before>", text: "name, name@version, name@range or name@alias", completes: "ref" },
    { usage: "[after]", text: "the same, or a path that begins with . or /", completes: "ref" },
  ],
  options: [{ flags: "--stat", text: "list the files that differ, not their content" }],
  examples: [
    ["holdfast diff my:config@1 my:config@2", "two versions"],
    ["holdfast diff my:config", "the latest and the one before it"],
    ["holdfast diff data:raw@production ./data --stat", "what saving the folder would change"],
    ["holdfast diff my:model@1 my:model@2 --json | jq .metadata", "for programs"],
  ],
  async run([first, second], { stat = false }, context) {
    const { io, shared } = context;
    const registry = await context.open();
    const one = await versionSide(registry, first, io);
    const [before, after] = second === undefined
      ? [await versionSide(registry, await versionBefore(registry, one, io), io), one]
      : [one, await otherSide(registry, second, io)];
    const compared = { before: before.label, after: after.compared };
    const difference = await diffVersions(registry, { ...compared, signal: io.signal });
    const files: FileDifference[] = [];
    for (const change of difference.files) {
      files.push(
        stat ? change : { ...change, ...await differenceOf(change, { before, after }, printable) },
      );
    }
    const labels = { before: before.label, after: after.label };
    const sorted = { ...difference, files: inOrder(files, ({ path }) => path) };
    const text = shared.quiet ? undefined : lines(sorted, labels, context).join("\n");
    await context.result({ ...difference, files }, text);
    return difference.same ? 0 : 1;
  },
});

function lines(
  difference: VersionDifference & { files: FileDifference[] },
  labels: { before: string; after: string },
  { colors }: CommandContext,
): string[] {
  const { before, after, files, unchanged, metadata, inputs } = difference;
  const of = `${printable(labels.before)} and ${printable(labels.after)}`;
  if (difference.same) return [`No difference between ${of} (${formatCount(unchanged, "file")})`];
  const text = [`--- ${described(labels.before, before)}`, `+++ ${described(labels.after, after)}`];
  const kindOf = ({ materializer: { id, formatVersion } }: typeof before) =>
    `${id} (format ${formatVersion})`;
  const was = kindOf(before), is = kindOf(after);
  if (was !== is) text.push("", colors.bold("kind"), `~ ${printable(was)} -> ${printable(is)}`);
  if (metadata.length > 0) text.push("", colors.bold("metadata"), ...metadata.map(changeLine));
  if (inputs.added.length + inputs.removed.length > 0) {
    const refs = (mark: string, list: typeof inputs.added) =>
      list.map((input) => `${mark} ${printable(typeof input === "string" ? input : input.ref)}`);
    const changes = [...refs("-", inputs.removed), ...refs("+", inputs.added)];
    text.push("", colors.bold("inputs"), ...changes);
  }
  if (files.length > 0) text.push("", colors.bold("files"), ...files.flatMap(fileLines), "");
  return [...text, countsOf(files, unchanged)];
}

function described(label: string, { size, digest }: ComparedVersion): string {
  return `${printable(label)}  ${formatBytes(size)}  ${digest.slice(0, 12)}`;
}

function fileLines(file: FileDifference): string[] {
  const { path, change, from, before, after } = file;
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
  return [head, ...contentLines(file).map((line) => `    ${line}`)];
}

function contentLines({ values, text, rows, problem }: ContentDifference): string[] {
  if (values !== undefined) return values.map(changeLine);
  const lines = text?.split("\n").slice(0, -1).map(textLine);
  if (rows !== undefined) {
    return [...columnLines(rows), rowsLine(rows), ...lines ?? rowLines(rows)];
  }
  return lines ?? (problem === undefined ? [] : [`content not compared: ${problem}`]);
}

/** `rows: 1 added, 0 removed, 2 changed, by id` */
function rowsLine({ key, added, removed, changed, isAll }: TableDifference): string {
  const isWhole = isAll[0] && isAll[1];
  const text = (count: number | undefined, kind: string) =>
    count === undefined ? `${kind} unknown` : `${isWhole ? "" : "at least "}${count} ${kind}`;
  const counts = [text(added, "added"), text(removed, "removed"), text(changed, "changed")];
  const isSame = isWhole && (added ?? 0) + (removed ?? 0) + changed === 0;
  const by = key === undefined ? "by content" : `by ${printable(key)}`;
  return `rows: ${counts.join(", ")}, ${by}${isSame ? "; perhaps in another order" : ""}`;
}

/** `columns: + rate, - loss` */
function columnLines({ columns: { added, removed }, moreColumns }: TableDifference): string[] {
  const names = [...added.map((name) => `+ ${name}`), ...removed.map((name) => `- ${name}`)];
  const changes = names.length > 0 ? [`columns: ${names.map(printable).join(", ")}`] : [];
  return moreColumns === undefined
    ? changes
    : [...changes, `${formatCount(moreColumns, "more column")} not compared`];
}

const MOST_ROWS = 20;

function rowLines({ changes, added = 0, removed = 0, changed }: TableDifference): string[] {
  const more = added + removed + changed - Math.min(changes.length, MOST_ROWS);
  const lines = changes.slice(0, MOST_ROWS).map(rowLine);
  return more > 0 ? [...lines, `and ${formatCount(more, "more row")} that differ`] : lines;
}

/** `~ 17: loss 0.5 -> 0.4` */
function rowLine({ key, change, cells }: RowChange): string {
  const values = cells.map(({ column, before, after }) =>
    before !== undefined && after !== undefined
      ? `${column} ${before} -> ${after}`
      : `${column} ${before ?? after}`
  );
  return printable(`${MARKS[change]} ${key}: ${values.join(", ")}`);
}

/** Escapes control characters except tabs. */
function textLine(line: string): string {
  return line.replace(/\r$/, "").split("\t").map(printable).join("\t");
}

/** `~ layers[1].rate: 0.1 -> 0.2` */
function changeLine({ path, before, after }: ValueChange): string {
  const keys = path.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`);
  const place = printable(keys.join("").replace(/^\./, "") || "the value");
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
  if (counts.length === 0) counts.push("no file differs");
  return [...counts, `${unchanged} unchanged`].join(", ");
}
