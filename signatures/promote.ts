// Command: promote.
import {
  type Command,
  defineCommand,
  lookUp,
  REF_ARGUMENT,
  withHints,
} from "../apps/cli/extending.ts";

export const promote: Command = defineCommand({
  name: "promote",
  summary: "Move a protected alias to a version, if it meets the conditions of the rule.",
  details: "Does the same as alias --force: a service requires the scope promote. A rule with " +
    "--require-signature, --promote-if or --require-review refuses versions that do not meet all " +
    "of its conditions. The error names each condition that fails, with the value of the version. " +
    "Set such rules with rules set.",
  args: [
    REF_ARGUMENT,
    { usage: "<alias>", text: "the alias to move, such as production", completes: "alias" },
  ],
  options: [
    {
      flags: "--expected <version>",
      text: "move it only if it points to this version; none: only if it does not exist",
    },
  ],
  examples: [
    ["holdfast promote models:digits@3.0.0 production", "move the alias"],
    ["holdfast promote models:digits production", "move it to the latest version"],
  ],
  async run([ref, alias], { expected }, context) {
    const { signal } = context.io;
    const registry = await context.open({ write: true });
    const { name, version } = await withHints(registry.info(ref, { signal }), lookUp(ref));
    const options = { expected: expected === "none" ? null : expected, force: true, signal };
    await withHints(registry.setAlias(name, alias, version, options), lookUp(ref));
    await context.done({ name, alias, version }, `${name}@${alias} is ${version}`);
  },
});
