import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { parseRef } from "../../../mod.ts";
import { type Command, defineCommand } from "../program/command.ts";
import { lookUp, withHints } from "../terminal/hints.ts";
import { factsText } from "../program/print_table.ts";
import { parseCount } from "../terminal/units.ts";
import { checkUtf8, parseEntry } from "../values/metadata.ts";
import { annotationFacts } from "./look/info.ts";

export const note: Command = defineCommand({
  name: "note",
  summary: "Show or change the notes and labels of a version or a name.",
  details:
    "Unlike metadata, both can change; every change is kept and shown by log. A name without a " +
    "version has notes of its own: its description.",
  args: [
    { usage: "<ref>", text: "a version (name@latest for the newest), or a name", completes: "ref" },
    { usage: "[notes]", text: "new notes (default: keep them)" },
  ],
  options: [
    {
      flags: "-l, --label <key=value>",
      text: "set a label; key:=JSON for numbers",
      parse: (text) => parseEntry(text, "label"),
      repeat: true,
    },
    { flags: "--unlabel <key>", text: "remove a label", repeat: true },
    { flags: "--clear", text: "remove the notes" },
    {
      flags: "--if-revision <number>",
      text: "only if this is the revision; 0: only if there are none",
      parse: parseCount,
    },
  ],
  examples: [
    ["holdfast note my:model@3.0.0 'Best on the new scans'", "write notes"],
    ["holdfast note my:model@3.0.0 --label stage=checked --label score:=0.93", "set labels"],
    ["holdfast note my:model 'Segments cells'", "describe a name"],
    ["holdfast note my:model@3.0.0", "show them"],
    ["holdfast ls --where 'labels.stage = checked'", "search by them"],
  ],
  async run([ref, text], { label = [], unlabel = [], clear, ifRevision }, context) {
    const { signal } = context.io;
    const labels = Object.fromEntries([...label, ...unlabel.map((key) => [key, null])]);
    if (text !== undefined) checkUtf8(text, "read notes");
    const notes = clear ? null : text;
    const changes = notes !== undefined || Object.keys(labels).length > 0;
    const registry = await context.open({ write: changes });
    const call = changes
      ? annotate(registry, ref, { ...notes !== undefined && { notes }, labels }, {
        ifRevision,
        signal,
      })
      : readAnnotations(registry, ref, { signal });
    const annotations = await withHints(call, parseRef(ref).bare ? {} : lookUp(ref));
    const shown = factsText(annotationFacts(annotations), context);
    if (!changes && shown === "") await context.note(`"${ref}" has no notes and labels`);
    if (!changes) {
      return await context.result(annotations ?? null, shown === "" ? undefined : shown);
    }
    await context.done(
      { ref, ...annotations },
      `Changed ${ref} (revision ${annotations!.revision})`,
    );
  },
});
