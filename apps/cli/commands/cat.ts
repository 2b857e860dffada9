// `holdfast cat`
import type { Artifact } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import type { Verify } from "../../../registry/mod.ts";
import { AS_OF_OPTION, type AsOfFlags, lookUpThen, refOptions } from "../look/expand_names.ts";
import {
  type Command,
  defineCommand,
  OUTPUT_OPTION,
  REF_ARGUMENT,
  VERIFY_OPTION,
} from "../program/command.ts";
import { invalid, withHints } from "../program/hints.ts";
import { writeStream } from "../terminal/output_stream.ts";

export const cat: Command = defineCommand<
  [ref: string, path?: string],
  { output?: string; verify?: Verify } & AsOfFlags
>({
  name: "cat",
  summary: "Write the bytes of one file of a version to standard output.",
  details: "The bytes are checked against their SHA-256; damage ends it with exit code 5.",
  args: [
    REF_ARGUMENT,
    { usage: "[path]", text: "the file, if the version has several", completes: "path" },
  ],
  options: [OUTPUT_OPTION, AS_OF_OPTION, VERIFY_OPTION],
  examples: [
    ["holdfast cat my:model > model.bin", "the latest version"],
    ["holdfast cat data:raw@1.4 train.csv | head", "one file of a folder"],
    ["holdfast cat backup@production | psql shop", "pipe it into a program"],
  ],
  async run([ref, path], { output, verify, asOf }, context) {
    const registry = await context.open();
    const artifact = await withHints(
      registry.open(ref, { verify, ...refOptions({ asOf }, context.io) }),
      lookUpThen(ref, { asOf }),
    );
    const file = path === undefined ? onlyFile(artifact) : artifact.file(path);
    const totalBytes = file.info.size;
    await writeStream(file.stream(), context, { output, totalBytes, label: `cat ${ref}` });
  },
});

function onlyFile(artifact: Artifact): ArtifactFile {
  const files = artifact.files(), [only, second] = files;
  if (only !== undefined && second === undefined) return only;
  const { name, version } = artifact.info;
  const paths = files.slice(0, 8).map((file) => file.info.path).join(", ");
  const hint = `Name one: ${paths}${files.length > 8 ? " …" : ""}`;
  throw invalid(`choose a file of "${name}@${version}"`, `it has ${files.length} files`, hint);
}
