// `holdfast cat`
import { fault } from "../../../core/errors.ts";
import type { Artifact } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import type { Verify } from "../../../registry/mod.ts";
import { AS_OF_OPTION, type AsOfFlags, lookUpThen, refOptions } from "../look/as_of.ts";
import {
  type Command,
  defineCommand,
  OUTPUT_OPTION,
  REF_ARGUMENT,
  VERIFY_OPTION,
} from "../program/command.ts";
import { withHints } from "../program/hints.ts";
import { writeStream } from "../terminal/output_stream.ts";

export const cat: Command = defineCommand<
  [ref: string, path?: string],
  { output?: string; verify?: Verify } & AsOfFlags
>({
  name: "cat",
  summary: "Write the bytes of one file of a version to standard output.",
  details:
    "The bytes are checked against their SHA-256 as they pass: damaged ones end with exit code 5.",
  args: [
    REF_ARGUMENT,
    { usage: "[path]", text: "which file, where the version has more than one" },
  ],
  options: [
    OUTPUT_OPTION,
    AS_OF_OPTION,
    VERIFY_OPTION,
  ],
  examples: [
    ["holdfast cat my:model > model.bin", "the latest version"],
    ["holdfast cat data:raw@1.4 train.csv | head", "one file of a folder"],
    ["holdfast cat backup@production | psql shop", "into a program"],
  ],
  async run([ref, path], { output, verify, asOf }, context) {
    const registry = await context.open();
    const artifact = await withHints(
      registry.open(ref, { verify, ...refOptions({ asOf }, context.io) }),
      lookUpThen(ref, { asOf }),
    );
    const file = path === undefined ? onlyFile(artifact) : artifact.file(path);
    await writeStream(file.stream(), context, {
      output,
      totalBytes: file.info.size,
      label: `cat ${ref}`,
    });
  },
});

function onlyFile(artifact: Artifact): ArtifactFile {
  const files = artifact.files();
  if (files.length === 1) return files[0];
  const { name, version } = artifact.info;
  throw fault({
    code: "Invalid",
    action: "choose a file of",
    subject: `"${name}@${version}"`,
    state: `it has ${files.length}`,
    hint: `Name one: ${files.slice(0, 8).map((file) => file.info.path).join(", ")}${
      files.length > 8 ? " …" : ""
    }`,
  });
}
