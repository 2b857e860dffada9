// `holdfast load`
import { inspect } from "node:util";
import type { Artifact, RegistryError } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import type { Verify } from "../../../registry/mod.ts";
import { isPlain } from "../../../core/text/plain_value.ts";
import { fault } from "../../../core/errors.ts";
import { AS_OF_OPTION, type AsOfFlags, lookUpThen, refOptions } from "../look/expand_names.ts";
import { defineCommand, OUTPUT_OPTION, REF_ARGUMENT, VERIFY_OPTION } from "../program/command.ts";
import type { Command, CommandContext } from "../program/command.ts";
import { invalid, withHints } from "../program/hints.ts";
import { writeStream } from "../terminal/output_stream.ts";

export const load: Command = defineCommand<
  [ref: string],
  { output?: string; verify?: Verify } & AsOfFlags
>({
  name: "load",
  summary: "Print a value: JSON values as JSON, text and bytes as they are.",
  details:
    "Values that JSON cannot express (dates, maps, typed arrays …) are printed as a program " +
    "would log them; use cat or download for their exact bytes. For a folder use download.",
  args: [REF_ARGUMENT],
  options: [OUTPUT_OPTION, AS_OF_OPTION, VERIFY_OPTION],
  examples: [
    ["holdfast load config", "the latest version"],
    ["holdfast load config@1.2.0 --json | jq .lr", "on one line, for programs"],
    ["holdfast load my:model@production --output model.bin", "into a file"],
  ],
  async run([ref], { output, verify, asOf }, context) {
    const { signal } = context.io;
    const registry = await context.open();
    const artifact = await withHints(
      registry.open(ref, { verify, ...refOptions({ asOf }, context.io) }),
      lookUpThen(ref, { asOf }),
    );
    const { name, version, size, materializer: { id } } = artifact.info;
    const exact = `${name}@${version}`;
    const content = contentOf(artifact, exact);
    const how = { output, label: `load ${exact}` };
    if (content !== undefined && !context.shared.json) {
      return await writeStream(content.stream(), context, { ...how, totalBytes: size });
    }
    if (content !== undefined && id !== "text") throw notJson(exact);
    const text = printed(await registry.load(exact, { verify, signal }), exact, context);
    await writeStream(new Blob([`${text}\n`]).stream(), context, how);
  },
});

/** Returns the file that is the whole value, if there is one, to stream it. */
function contentOf(artifact: Artifact, ref: string): ArtifactFile | undefined {
  const { id } = artifact.info.materializer;
  if (["text", "bytes", "array-buffer", "file"].includes(id)) return artifact.files()[0];
  if (id === "blob") return artifact.file("content");
  if (id !== "folder") return undefined;
  const hint = `Use "holdfast download ${ref} FOLDER", or "holdfast cat ${ref} PATH" for one file.`;
  throw invalid(`print "${ref}"`, "it is a folder", hint);
}

function printed(value: unknown, ref: string, context: CommandContext): string {
  if (isPlain(value)) return JSON.stringify(value, null, context.shared.json ? 0 : 2);
  if (context.shared.json) throw notJson(ref);
  return inspect(value, { depth: 8, maxArrayLength: 100, breakLength: 100 });
}

function notJson(ref: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: `print "${ref}" as JSON`,
    state: "JSON cannot express the value",
    hint: `Use "holdfast cat ${ref}" for its stored bytes, or leave out --json.`,
  });
}
