// `holdfast lineage`
import type { Lineage, LineageNode } from "../../../../registry/mod.ts";
import { lineageOf } from "../../../../mod.ts";
import { rebuildLineage } from "../../../../registry/maintenance.ts";
import { fault } from "../../../../core/errors.ts";
import type { Drawing, DrawingForm } from "../../../../operators/graph/mod.ts";
import {
  type Command,
  type CommandContext,
  defineCommand,
  REF_ARGUMENT,
} from "../../program/command.ts";
import { lookUp, withHints } from "../../program/hints.ts";
import { printable } from "../../terminal/table.ts";
import { formatCount, parsePositive } from "../../terminal/units.ts";

interface LineageFlags {
  up?: boolean;
  down?: boolean;
  depth?: number;
  as?: "text" | DrawingForm;
  rebuild?: boolean;
}

export const lineage: Command = defineCommand<[ref: string | undefined], LineageFlags>({
  name: "lineage",
  summary: "Show what a version was made from, and what was made from it.",
  details:
    "Records say what a version was made from: save --input. Only inputs that name a version in full are " +
    "followed: what a bare name, a range or an alias meant is not known. Looking down reads what was noted when " +
    "versions were saved; where that is not whole (a copy of the files) it reads " +
    "every record, and says so.",
  args: [{ ...REF_ARGUMENT, usage: "[ref]" }],
  options: [
    { flags: "--up", text: "only what it was made from" },
    { flags: "--down", text: "only what was made from it" },
    { flags: "--depth <count>", text: "at most so many steps away", parse: parsePositive },
    {
      flags: "--as <form>",
      text: "how it is drawn (default: text, a tree)",
      choices: ["text", "mermaid", "dot", "svg"],
    },
    {
      flags: "--rebuild",
      text: "read every record and note what is missing, so that looking down need not read all",
    },
  ],
  examples: [
    ["holdfast lineage my:model", "both ways"],
    ["holdfast lineage data:raw@1.4.0 --down", "what has to be made again where this was wrong"],
    ["holdfast lineage my:model --up --as mermaid", "a diagram for a page of documentation"],
    ["holdfast lineage data:raw --as svg > lineage.svg", "a picture"],
    ["holdfast lineage --rebuild", "once, where looking down says that it read every record"],
  ],
  async run([ref], flags, context) {
    const { up = false, down = false, depth, as = "text" } = flags;
    const { io, shared } = context;
    if (flags.rebuild) return await rebuild(ref, flags, context);
    if (ref === undefined) {
      throw fault({
        code: "Invalid",
        action: "look at a lineage",
        state: "no version is given",
        hint: "Say of what: holdfast lineage my:model. See what there is: holdfast ls",
      });
    }
    const registry = await context.open();
    const direction = up === down ? "both" : up ? "up" : "down";
    const found = await withHints(
      lineageOf(registry, ref, { direction, depth, signal: io.signal }),
      lookUp(ref),
    );
    if (shared.json) await context.result(found, "");
    else {await context.result(
        found,
        as === "text" ? toTrees(found, direction) : await drawn(found, as),
      );}
    await tellDoubts(found, (text) => context.note(text));
    return found.unreadable.length > 0 ? 5 : undefined;
  },
});

async function rebuild(
  ref: string | undefined,
  { up, down, depth, as }: LineageFlags,
  context: CommandContext,
): Promise<number | undefined> {
  if ([ref, up, down, depth, as].some((given) => given !== undefined)) {
    throw fault({
      code: "Invalid",
      action: "look at a lineage and rebuild all",
      state: "--rebuild stands alone",
      hint: "First: holdfast lineage --rebuild. Then look.",
    });
  }
  const registry = await context.open({ write: true });
  const report = await rebuildLineage(registry, { signal: context.io.signal });
  const { records, noted, unreadable } = report;
  const text =
    `Noted ${formatCount(noted, "input")} that ${noted === 1 ? "was" : "were"} missing, ` +
    `of ${formatCount(records, "record")}`;
  await context.done(report, text);
  if (unreadable.length === 0) return undefined;
  await tellUnreadable(unreadable, (text) => context.note(text));
  await context.note(
    "Until they are restored or deleted, looking down goes on to read every record",
  );
  return 5;
}

async function tellUnreadable(
  refs: readonly string[],
  note: (text: string) => Promise<void>,
): Promise<void> {
  const count = formatCount(refs.length, "damaged record");
  await note(`Not known of ${count}: ${refs.map(printable).join(", ")}. See: holdfast verify`);
}

async function tellDoubts(
  { cut, unsure, unreadable, scanned }: Lineage,
  note: (text: string) => Promise<void>,
): Promise<void> {
  if (scanned) {
    await note("Every record was read for this. Once, to make it fast: holdfast lineage --rebuild");
  }
  if (cut) await note("There is more: leave --depth out, or give a larger one");
  if (unsure.length > 0) {
    await note(
      `May be made from it too, they name no version of it: ${unsure.map(printable).join(", ")}`,
    );
  }
  if (unreadable.length > 0) await tellUnreadable(unreadable, note);
}

function toTrees(lineage: Lineage, direction: "up" | "down" | "both"): string {
  const lines = [lineage.root];
  for (const way of ["up", "down"] as const) {
    if (direction !== "both" && direction !== way) continue;
    const tree = branches(lineage, way);
    lines.push(
      "",
      way === "up" ? "made from" : "made into",
      ...(tree.length === 0 ? ["└─ nothing that is known"] : tree),
    );
  }
  return lines.join("\n");
}

/** A tree of one direction; what hangs below a version stands where that comes first. */
function branches({ root, nodes, edges }: Lineage, way: "up" | "down"): string[] {
  const known = new Map(nodes.map((node) => [node.ref, node]));
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const [near, far] = way === "up" ? [to, from] : [from, to];
    const list = next.get(near);
    if (list === undefined) next.set(near, [far]);
    else list.push(far);
  }
  const lines: string[] = [];
  const shown = new Set([root]);
  const stack = (ref: string, indent: string) =>
    (next.get(ref) ?? []).map((far, i, { length }) => ({ far, indent, last: i === length - 1 }))
      .reverse();
  const waiting = stack(root, "");
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { far, indent, last } = at;
    const again = shown.has(far);
    shown.add(far);
    const more = again && next.has(far) ? " (its own are above)" : "";
    lines.push(`${indent}${last ? "└─ " : "├─ "}${described(known.get(far)!)}${more}`);
    if (!again) waiting.push(...stack(far, `${indent}${last ? "   " : "│  "}`));
  }
  return lines;
}

function described({ ref, state }: LineageNode): string {
  return state === "present" ? printable(ref) : `${printable(ref)}  ${STATES[state]}`;
}

const STATES: Readonly<Record<Exclude<LineageNode["state"], "present">, string>> = {
  missing: "not there any more",
  changed: "holds something else now",
  unpinned: "which version is not known",
  unreadable: "its record is damaged",
};

async function drawn(found: Lineage, as: DrawingForm): Promise<string> {
  const { draw } = await import("../../../../operators/graph/mod.ts");
  return (await draw(drawingOf(found), { as })).trimEnd();
}

function drawingOf({ root, nodes, edges }: Lineage): Drawing {
  const boxes = nodes.map((node) => {
    const { ref, state } = node;
    const look = state === "present"
      ? ref === root ? "run" : "plain"
      : state === "unpinned"
      ? "data"
      : "gone";
    return { id: ref, lines: state === "present" ? [ref] : [ref, STATES[state]], look } as const;
  });
  return { boxes, arrows: edges };
}
