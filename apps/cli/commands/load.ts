import { inspect } from "node:util";
import type { Artifact, RegistryError } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import { isPlain } from "../../../core/text/plain_value.ts";
import { fault } from "../../../core/errors.ts";
import { artifactOfValue } from "../../../core/artifact.ts";
import { AS_OF_OPTION, lookUpThen, refOptions } from "../look/expand_names.ts";
import { defineCommand, OUTPUT_OPTION, REF_ARGUMENT, VERIFY_OPTION } from "../program/command.ts";
import type { Command, CommandContext, FlagsOf } from "../program/command.ts";
import { addedTo, readThrough, withAdded } from "../program/extensions/added_options.ts";
import type { Extension } from "../program/extension.ts";
import { invalid, shellWord, withHints } from "../terminal/hints.ts";
import { printableText } from "../terminal/table.ts";
import { writeStream } from "../program/output_stream.ts";

const OPTIONS = [OUTPUT_OPTION, AS_OF_OPTION, VERIFY_OPTION] as const;

export const createLoad = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "load",
    summary: "Print a value: JSON values as JSON, text and bytes as they are.",
    details: "Values without a JSON form (dates, maps, typed arrays …) are shown shortened on a " +
      "terminal and refused elsewhere: use cat or download for their exact bytes, and --output " +
      "FILE.npy for an array. For a folder use download.",
    args: [REF_ARGUMENT],
    options: withAdded(OPTIONS, "load", extensions),
    examples: [
      ["holdfast load config", "the latest version"],
      ["holdfast load config@1.2.0 --json | jq .lr", "on one line, for programs"],
      ["holdfast load my:model@production --output model.bin", "into a file"],
      ["holdfast load my:weights -o weights.npy", "a typed array, for NumPy"],
    ],
    whenUnread: "end",
    async run([ref], flags: FlagsOf<typeof OPTIONS>, context) {
      const { output, verify, asOf } = flags, { signal } = context.io;
      const added = addedTo("load", extensions);
      const registry = await readThrough(added, await context.open(), flags, context);
      const artifact = await withHints(
        registry.open(ref, { verify, ...refOptions({ asOf }, context.io) }),
        lookUpThen(ref, { asOf }),
      );
      const { name, version, materializer: { id } } = artifact.info;
      const exact = `${name}@${version}`;
      const content = contentOf(artifact, exact, output);
      const outputOptions = { output, label: `load ${exact}` };
      if (content !== undefined && !context.shared.json) {
        return await writeStream(content.stream(), context, {
          ...outputOptions,
          totalBytes: content.info.size,
        });
      }
      if (content !== undefined && id !== "text") throw notJson(artifact, exact);
      const value = await registry.load(exact, { verify, signal });
      const text = printed(value, { output, ...context });
      if (text === undefined) throw notJson(artifact, exact);
      const isShown = output === undefined && context.io.stdout.isTerminal;
      const shown = isShown ? printableText(text) : text;
      await writeStream(new Blob([`${shown}\n`]).stream(), context, outputOptions);
    },
  });

/** Materializers whose only file is a `.npy`. */
const ARRAYS = ["typed-array", "ndarray"];

/** Returns the file that is the whole value, if there is one, to stream it. */
function contentOf(artifact: Artifact, ref: string, output = "-"): ArtifactFile | undefined {
  const { id } = artifact.info.materializer;
  const [file] = artifactOfValue(artifact).files();
  if (["text", "bytes", "array-buffer", "file"].includes(id)) return file;
  if (ARRAYS.includes(id) && output.endsWith(".npy")) return file;
  if (id === "blob") return artifact.file("content");
  if (id !== "folder") return undefined;
  const word = shellWord(ref);
  const hint = `Use: holdfast download ${word} FOLDER, or for one file: holdfast cat ${word} PATH`;
  throw invalid(`print "${ref}"`, "it is a folder", hint);
}

/** Returns JSON, or on a terminal any value, shortened; undefined if there is none. */
function printed(
  value: unknown,
  { output, io, shared }: { output?: string } & Pick<CommandContext, "io" | "shared">,
): string | undefined {
  if (isPlain(value)) return JSON.stringify(value, null, shared.json ? 0 : 2);
  if (output !== undefined || shared.json || !io.stdout.isTerminal) return undefined;
  return inspect(value, { depth: 8, maxArrayLength: 100, breakLength: 100 });
}

function notJson(artifact: Artifact, ref: string): RegistryError {
  const { id } = artifact.info.materializer;
  const word = shellWord(ref);
  const hint = artifactOfValue(artifact).files().length > 1
    ? `Write its files: holdfast download ${word} FOLDER`
    : ARRAYS.includes(id)
    ? `Write a NumPy file: holdfast load ${word} -o FILE.npy`
    : `Print its stored bytes: holdfast cat ${word}`;
  const state = "the value cannot be represented as JSON";
  return fault({ code: "Unsupported", action: `print "${ref}" as JSON`, state, hint });
}
