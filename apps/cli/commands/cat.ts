import { openPages } from "../../../registry/mod.ts";
import { AS_OF_OPTION, lookUpThen, refOptions } from "../look/expand_names.ts";
import { defineCommand, OUTPUT_OPTION, REF_ARGUMENT, VERIFY_OPTION } from "../program/command.ts";
import type { Command, FlagsOf } from "../program/command.ts";
import { addedTo, readThrough, withAdded } from "../program/extensions/added_options.ts";
import type { Extension } from "../program/extension.ts";
import { withHints } from "../terminal/hints.ts";
import { writeStream } from "../program/output_stream.ts";

const OPTIONS = [OUTPUT_OPTION, AS_OF_OPTION, VERIFY_OPTION] as const;

export const createCat = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "cat",
    summary: "Write the bytes of one file of a version to standard output.",
    details: "The bytes are checked against their SHA-256; damage ends it with exit code 5.",
    args: [
      REF_ARGUMENT,
      { usage: "[path]", text: "the file, if the version has several", completes: "path" },
    ],
    options: withAdded(OPTIONS, "cat", extensions),
    examples: [
      ["holdfast cat my:model > model.bin", "the latest version"],
      ["holdfast cat data:raw@1.4 train.csv | head", "one file of a folder"],
      ["holdfast cat backup@production | psql shop", "pipe it into a program"],
    ],
    whenUnread: "end",
    async run([ref, path], flags: FlagsOf<typeof OPTIONS>, context) {
      const { output, verify, asOf } = flags;
      const added = addedTo("cat", extensions);
      const registry = await readThrough(added, await context.open(), flags, context);
      const reading = { verify, ...refOptions({ asOf }, context.io) };
      const hints = lookUpThen(ref, { asOf });
      const file = path === undefined
        ? (await withHints(registry.open(ref, reading), hints)).file()
        : await (await withHints(openPages(registry, ref, reading), hints)).file(path);
      const totalBytes = file.info.size;
      await writeStream(file.stream(), context, { output, totalBytes, label: `cat ${ref}` });
    },
  });
