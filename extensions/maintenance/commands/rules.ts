import {
  addedTo,
  type Command,
  type CommandContext,
  defineCommand,
  type FlagsOf,
  formatTime,
  type OptionDefinition,
  parseAge,
  parseCount,
  printTable,
  refuseRef,
  withAdded,
} from "../../../apps/cli/extending.ts";
import type { Extension } from "../../../apps/cli/program/extension.ts";
import { ruleText } from "../../../apps/rule_text.ts";
import { isRetention, ruleFor } from "../../../core/registry/rules.ts";
import { readRules, type RetentionRule } from "../../../registry/tools/settings.ts";
import { changeRules, readRulesHistory } from "../mod.ts";
import { authorText } from "../../../core/kernel.ts";

const PATTERN = { usage: "<pattern>", text: "a name, or a pattern such as 'runs:*'" };

const OPTIONS = [
  { flags: "--keep-last <count>", text: "keep this many versions per name", parse: parseCount },
  ...([["daily", "days"], ["weekly", "weeks"], ["monthly", "months"]] as const).map((
    [period, unit],
  ) => ({
    flags: `--keep-${period} <count>` as const,
    text: `keep the newest version of each of the last <count> ${unit}`,
    parse: parseCount,
  })),
  { flags: "--keep-where <condition>", text: "keep matches: 'metadata.accuracy > 0.9'" },
  {
    flags: "--older-than <duration>",
    text: "only delete older versions: 12h, 30d, 8w",
    parse: parseAge,
  },
  { flags: "--protect", text: "delete nothing of these names" },
  {
    flags: "--protect-alias <alias>",
    text: "an alias that only --force changes, or a pattern such as 'release-*'",
    repeat: true,
  },
  { flags: "--replace", text: "replace the present rule of the pattern, whatever it has" },
] as const satisfies readonly OptionDefinition[];

const createRulesSet = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "rules set",
    summary: "Store a retention rule in the registry, for prune --rules.",
    details:
      "Protection adds to that of an earlier rule of the pattern, and other options replace " +
      "earlier ones; a rule that takes something away needs --replace. If several rules match a " +
      "name, all that they protect is protected, and prune follows the one whose pattern has the " +
      "most characters other than *. With --protect, rm needs --force, overwriting is refused, " +
      "and prune deletes nothing. Conditions are for the " +
      "aliases of --protect-alias, by default for all: they move only to versions that meet all of " +
      "them, even with --force.",
    args: [PATTERN],
    options: withAdded(OPTIONS, "rules set", extensions),
    examples: [
      ["holdfast rules set 'runs:*' --keep-last 30 --keep-daily 14", "thin out runs"],
      ["holdfast rules set 'models:*' --protect", "protect models"],
      ["holdfast rules set 'models:*' --protect-alias production", "protect an alias"],
      ["holdfast prune --rules --dry-run", "what the rules would delete"],
    ],
    async run([pattern], flags: FlagsOf<typeof OPTIONS>, context) {
      const { olderThan: olderThanMs, keepLast, keepDaily, keepWeekly, keepMonthly } = flags;
      const { keepWhere, protect } = flags;
      refuseRef(pattern, "set a rule for", "rules set");
      const registry = await context.open({ write: true });
      const counts = { keepLast, keepDaily, keepWeekly, keepMonthly };
      const promote = await conditionsOf(extensions, flags, context);
      const protectAliases = flags.protectAlias ?? (promote && ["*"]);
      const set = { pattern, ...counts, olderThanMs, keepWhere, protect, protectAliases, promote };
      const change = { set, replace: flags.replace, signal: context.io.signal };
      const { rules, revision, gaveUp } = await changeRules(registry, change);
      const rule = rules.find((rule) => rule.pattern === pattern) ?? set;
      const lost = gaveUp && ` (no longer: ${gaveUp.join(", ")})`;
      const text = `Rule for ${pattern}: ${ruleText(rule)}${lost ?? ""}`;
      await context.done({ ...rule, revision, gaveUp }, text);
    },
  });

/** Returns the conditions that the options of extensions give; undefined for none. */
async function conditionsOf(
  extensions: readonly Extension[],
  flags: unknown,
  context: CommandContext,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const given: Record<string, unknown> = {};
  for (const { conditions } of addedTo("rules set", extensions)) {
    Object.assign(given, await conditions?.(flags, context));
  }
  return Object.keys(given).length === 0 ? undefined : given;
}

const rulesLs: Command = defineCommand({
  name: "rules ls",
  summary: "List the retention rules of the registry.",
  args: [],
  options: [],
  examples: [
    ["holdfast rules ls", "all rules"],
    ["holdfast rules ls --json | jq -r .pattern", "for programs"],
  ],
  async run(_args, _flags, context) {
    const registry = await context.open();
    const { rules, changedAt } = await readRules(registry, { signal: context.io.signal });
    const rows = rules.map((rule) => ({ json: rule, cells: [rule.pattern, ruleText(rule)] }));
    await printTable(context, ["PATTERN", "RULE"], rows);
    if (rules.length === 0) await context.note("There are no rules");
    else await context.note(`Last changed: ${formatTime(changedAt)}`);
  },
});

const rulesLog: Command = defineCommand({
  name: "rules log",
  summary: "List the changes of the retention rules, newest first.",
  args: [],
  options: [],
  examples: [
    ["holdfast rules log", "which rules were set and removed, and when"],
    ["holdfast rules log --json", "with revisions, one change per line"],
  ],
  async run(_args, _flags, context) {
    const registry = await context.open();
    const states = await Array.fromAsync(readRulesHistory(registry, { signal: context.io.signal }));
    const rows = states.flatMap(({ rules, revision, changedAt, by }, at) => {
      const before = textsOf(states[at + 1]?.rules ?? []);
      const after = textsOf(rules);
      return [...new Set([...after.keys(), ...before.keys()])]
        .filter((pattern) => after.get(pattern) !== before.get(pattern))
        .map((pattern) => {
          const rule = rules.find((one) => one.pattern === pattern) ?? null;
          return {
            json: { pattern, rule, revision, changedAt, by },
            cells: [
              formatTime(changedAt),
              pattern,
              after.get(pattern) ?? "removed",
              ...by ? [authorText(by)] : [],
            ],
          };
        });
    });
    const isKnown = states.some(({ by }) => by);
    const columns = ["CHANGED", "PATTERN", "RULE", ...isKnown ? ["BY"] : []];
    await printTable(context, columns, rows);
    if (rows.length === 0) await context.note("There were never any rules");
  },
});

const rulesRm: Command = defineCommand({
  name: "rules rm",
  summary: "Remove a retention rule.",
  args: [PATTERN],
  options: [],
  examples: [
    ["holdfast rules rm 'runs:*'", "stop pruning the names that it matches"],
    ["holdfast rules rm '*'", "remove the rule for all other names"],
  ],
  async run([pattern], _flags, context) {
    const registry = await context.open({ write: true });
    await changeRules(registry, { remove: pattern, signal: context.io.signal });
    await context.done({ pattern, removed: true }, `Removed the rule for ${pattern}`);
  },
});

const rulesTest: Command = defineCommand({
  name: "rules test",
  summary: "Show the rules of a name, and which one prune --rules follows.",
  args: [{ usage: "<name>", text: "the artifact; it need not exist", completes: "name" }],
  options: [],
  examples: [
    ["holdfast rules test runs:42", "the rule that prune --rules follows"],
    ["holdfast rules test runs:42 --json", "with the others that match, which add protection"],
  ],
  async run([name], _flags, context) {
    refuseRef(name, "find the rule of", "rules test");
    const registry = await context.open();
    const { signal } = context.io;
    const { rules } = await readRules(registry, { name, signal });
    const rule = ruleFor(rules, name) ?? null;
    const others = rules.filter((other) => other !== rule);
    const matching = rules.map((each) => `${each.pattern}: ${ruleText(each)}`).join("\n");
    const pruned = rule?.protect
      ? `prune --rules keeps all of ${name}, which ${rule.pattern} protects`
      : rule && isRetention(rule)
      ? `prune --rules follows ${rule.pattern}, the longest pattern`
      : `prune --rules keeps all of ${name}, as ${rule?.pattern}, the longest pattern, sets no limit`;
    const text = rules.length === 0
      ? `No rule matches ${name}: prune --rules keeps all of it`
      : `${matching}\n${pruned}`;
    await context.result({ name, rule, others }, text);
  },
});

function textsOf(rules: readonly RetentionRule[]): Map<string, string> {
  return new Map(rules.map((rule) => [rule.pattern, ruleText(rule)]));
}

/** The commands of rules, in the order of the help. */
export const rules = (extensions: readonly Extension[]): Command[] => [
  createRulesSet(extensions),
  rulesLs,
  rulesLog,
  rulesRm,
  rulesTest,
];
