import {
  type Command,
  defineCommand,
  lookUp,
  parsePositive,
  printable,
  REF_ARGUMENT,
  withHints,
  writeStream,
} from "../../../apps/cli/extending.ts";
import { billOfMaterials } from "./bill.ts";
import { spdxOf } from "./spdx.ts";

export const exportBom: Command = defineCommand({
  name: "export bom",
  summary: "Print the bill of materials of a version: CycloneDX 1.7 or SPDX 3.0.1.",
  details:
    "It contains the files with their SHA-256, the inputs as dependencies, parameters and metrics as " +
    "a model card, authors, licenses and signatures; for a release, all of this for each member. " +
    "Equal content gives equal bytes: the time is that of the version. Reads no payload.\n\n" +
    "The property holdfast:state marks inputs that were deleted or overwritten.",
  args: [REF_ARGUMENT],
  options: [
    {
      flags: "--depth <count>",
      text: "follow inputs this many levels: 1 for direct inputs",
      parse: parsePositive,
    },
    { flags: "--models <prefix>", text: "prefix of model names (default: models:)" },
    {
      flags: "--format <format>",
      text: "the standard (default: cyclonedx)",
      choices: ["cyclonedx", "spdx"],
    },
    { flags: "-o, --output <file>", text: "write a file", completes: "file" },
  ],
  examples: [
    ["holdfast export bom models:digits@production -o bom.json", "the version of an alias"],
    ["holdfast export bom models:digits@3.0.0 --depth 1", "direct inputs only"],
    ["holdfast export bom models:digits@3.0.0 --format spdx", "SPDX with its AI profile"],
  ],
  async run([ref], { depth, models, format, output }, context) {
    const registry = await context.open();
    const { signal } = context.io;
    const options = { depth, models, signal };
    const bom = await withHints(billOfMaterials(registry, ref, options), lookUp(ref));
    const written = format === "spdx" ? spdxOf(bom) : bom;
    const text = JSON.stringify(written, null, 2);
    if (output === undefined) await context.result(written, text);
    else {
      const label = `export the bill of materials of ${ref}`;
      await writeStream(new Blob([`${text}\n`]).stream(), context, { output, label });
    }
    for (const { name, version, properties } of bom.components) {
      const state = properties?.find((each) => each.name === "holdfast:state")?.value;
      if (state === undefined || state === "present") continue;
      const input = version === undefined ? name : `${name}@${version}`;
      await context.note(`Input ${printable(input)} is ${state}`);
    }
  },
});
