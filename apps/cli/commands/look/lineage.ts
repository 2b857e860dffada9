import { valueAt } from "../../../../core/faults/present.ts";
import type { Lineage, LineageNode } from "../../../../registry/mod.ts";
import { readLineage } from "../../../../mod.ts";
import type { Drawing } from "../../../../formats/mermaid.ts";
import { defineCommand, REF_ARGUMENT } from "../../program/command.ts";
import type { Command, CommandContext } from "../../program/command.ts";
import { lookUp, withHints } from "../../terminal/hints.ts";
import { printable } from "../../terminal/table.ts";
import { formatCount, parsePositive } from "../../terminal/units.ts";
import { commandReasons } from "../../terminal/reasons.ts";

export const lineage: Command = defineCommand({
  name: "lineage",
  summary: "Show the inputs of a version, and the versions that use it as input.",
  details:
    "Inputs are recorded with save --input, as the versions that they mean then. Inputs that were " +
    "recorded without a version are not followed.",
  args: [REF_ARGUMENT],
  options: [
    { flags: "--up", text: "only its inputs" },
    { flags: "--down", text: "only the versions made from it" },
    { flags: "--depth <count>", text: "at most this many steps away", parse: parsePositive },
    { flags: "--as <form>", text: "format (default: text)", choices: ["text", "mermaid"] },
  ],
  examples: [
    ["holdfast lineage my:model", "both ways"],
    ["holdfast lineage data:raw@1.4.0 --down", "everything that depends on it"],
    ["holdfast lineage my:model --up --as mermaid", "a diagram for documentation"],
  ],
  async run([ref], flags, context) {
    const { up = false, down = false, depth, as = "text" } = flags;
    const { io, shared } = context;
    const registry = await context.open();
    const direction = up === down ? "both" : up ? "up" : "down";
    const reading = readLineage(registry, ref, { direction, depth, signal: io.signal });
    const lineage = await withHints(reading, lookUp(ref));
    const text = async () => as === "text" ? toTrees(lineage, direction) : await drawn(lineage);
    await context.result(lineage, shared.json ? undefined : await text());
    await noteGaps(lineage, context);
    return lineage.unreadable.length > 0 ? 5 : undefined;
  },
});

async function noteGaps(
  { cut, unsure, unreadable }: Lineage,
  context: CommandContext,
): Promise<void> {
  if (cut) await context.note("There is more: omit --depth, or raise it");
  if (unsure.length > 0) {
    const list = unsure.map(printable).join(", ");
    await context.note(`Perhaps also made from it, without an exact version: ${list}`);
  }
  if (unreadable.length > 0) {
    const count = formatCount(unreadable.length, "damaged record");
    const list = unreadable.map(printable).join(", ");
    const hint = `Inputs unknown for ${count}: ${list}`;
    await context.note(context.hint({ hint, reason: commandReasons.of("inputs_unknown") }) ?? hint);
  }
}

function toTrees(lineage: Lineage, direction: "up" | "down" | "both"): string {
  const lines = [lineage.root];
  for (const way of ["up", "down"] as const) {
    if (direction !== "both" && direction !== way) continue;
    const tree = branches(lineage, way);
    const empty = ["└─ nothing known"];
    lines.push("", way === "up" ? "made from" : "made into", ...(tree.length > 0 ? tree : empty));
  }
  return lines.join("\n");
}

/** Formats the tree of one direction. The branches of a version are shown once. */
function branches({ root, nodes, edges }: Lineage, way: "up" | "down"): string[] {
  const known = new Map(nodes.map((node) => [node.ref, node]));
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const [near, far] = way === "up" ? [to, from] : [from, to];
    next.set(near, [...next.get(near) ?? [], far]);
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
    const more = again && next.has(far) ? " (see above)" : "";
    lines.push(`${indent}${last ? "└─ " : "├─ "}${described(valueAt(known, far))}${more}`);
    if (!again) waiting.push(...stack(far, `${indent}${last ? "   " : "│  "}`));
  }
  return lines;
}

function described({ ref, state }: LineageNode): string {
  return state === "present" ? printable(ref) : `${printable(ref)}  ${STATES[state]}`;
}

const STATES: Readonly<Record<Exclude<LineageNode["state"], "present">, string>> = {
  missing: "deleted",
  changed: "replaced by other content",
  unpinned: "version unknown",
  unreadable: "damaged record",
};

async function drawn(lineage: Lineage): Promise<string> {
  const { draw } = await import("../../../../formats/mermaid.ts");
  return draw(drawingOf(lineage));
}

function drawingOf({ root, nodes, edges }: Lineage): Drawing {
  const boxes = nodes.map(({ ref, state }) => {
    if (state === "present") {
      return { id: ref, lines: [ref], look: ref === root ? "run" : "plain" } as const;
    }
    const look = state === "unpinned" ? "data" : "gone";
    return { id: ref, lines: [ref, STATES[state]], look } as const;
  });
  return { boxes, arrows: edges };
}
