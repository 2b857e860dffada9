// Command: promote.
import {
  type Command,
  defineCommand,
  invalid,
  lookUp,
  REF_ARGUMENT,
  withHints,
} from "../../apps/cli/extending.ts";

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
    { flags: "--ask", text: "only ask others to move it: holdfast promotions lists requests" },
    { flags: "--note <text>", text: "with --ask: a note for those who decide" },
    { flags: "--withdraw", text: "withdraw the request" },
  ],
  examples: [
    ["holdfast promote models:digits@3.0.0 production", "move the alias"],
    ["holdfast promote models:digits production", "move it to the latest version"],
    ["holdfast promote models:digits production --ask --note 'Best so far'", "ask somebody else"],
  ],
  async run([ref, alias], { expected, ask = false, note, withdraw = false }, context) {
    const { signal, system } = context.io;
    const unfit = [
      [ask && withdraw, "--ask and --withdraw are given", "Pass one of them."],
      [note !== undefined && !ask, "--note is given without --ask", "Add --ask."],
      [expected !== undefined && (ask || withdraw), "a request has no --expected", "Omit it."],
    ] as const;
    for (const [is, state, hint] of unfit) if (is) throw invalid(`promote ${ref}`, state, hint);
    const registry = await context.open({ write: true });
    if (ask || withdraw) {
      const { askPromotion, withdrawPromotion } = await import("./asked/promotions.ts");
      if (ask) {
        const asking = askPromotion(registry, ref, { alias, note, system, signal });
        const asked = await withHints(asking, lookUp(ref));
        const { name, version } = asked;
        return await context.done(asked, `Asked to promote ${name}@${version} to ${alias}`);
      }
      const options = { alias, signal };
      const withdrawn = await withHints(withdrawPromotion(registry, ref, options), lookUp(ref));
      const { name, version } = withdrawn;
      return await context.done(withdrawn, `Withdrew the request for ${name}@${version}`);
    }
    const { name, version } = await withHints(registry.info(ref, { signal }), lookUp(ref));
    const options = { expected: expected === "none" ? null : expected, force: true, signal };
    await withHints(registry.setAlias(name, alias, version, options), lookUp(ref));
    await context.done({ name, alias, version }, `${name}@${alias} is ${version}`);
  },
});
