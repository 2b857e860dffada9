import { changeSettings, readSettings } from "../../../../registry/tools/settings.ts";
import type { CurrentSettings } from "../../../../registry/tools/settings.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { type Fact, factsText } from "../../program/print_table.ts";
import { formatGrace, formatTime, parseGrace } from "../../terminal/units.ts";

export const settings: Command = defineCommand({
  name: "settings",
  summary: "Show the settings of the registry, or change them.",
  details:
    "Only the grace period and the sharing can change. A longer grace period applies at once to everything that gc has " +
    "not freed; a shorter one applies after the longer one has passed. The minimum is fixed " +
    "when the registry is created (default: one hour), because open readers rely on it.",
  args: [],
  options: [
    {
      flags: "--grace <duration>",
      text: "how long replaced data stays, at least 1h",
      parse: parseGrace,
    },
    {
      flags: "--share <what>",
      text: "what new versions share with the last one: also values of weights, equal bytes, or " +
        "only whole files",
      choices: ["values", "bytes", "files"],
    },
  ],
  examples: [
    ["holdfast settings", "show all settings"],
    ["holdfast settings --grace 7d", "gc frees data a week after it was deleted"],
    ["holdfast settings --share values", "store retrained weights as what training changed"],
    ["holdfast settings --share files", "new versions of changed files are stored whole"],
  ],
  async run(_args, { grace, share }, context) {
    const { signal } = context.io;
    const isRead = grace === undefined && share === undefined;
    const registry = await context.open({ write: !isRead });
    const current = isRead
      ? await readSettings(registry, { signal })
      : await changeSettings(registry, { graceMs: grace, share, signal });
    const text = factsText(factsOf(current), context);
    if (isRead) await context.result(current, text);
    else await context.done(current, text);
  },
});

const SHARED = {
  values: "equal bytes, and values of weights",
  bytes: "equal bytes",
  files: "only whole files",
};

function factsOf(
  { versioned, mutable, locking, graceMs, leastGraceMs, ...now }: CurrentSettings,
): Fact[] {
  const from = now.countsFrom && formatTime(now.countsFrom);
  return [
    ["versions", versioned ? "each name has versions" : "each name has one value"],
    ["overwriting", mutable ? "allowed (mutable)" : "never (immutable)"],
    ["grace", formatGrace(graceMs)],
    ["at least", graceMs === leastGraceMs ? undefined : formatGrace(leastGraceMs)],
    [
      "for now",
      from && `${formatGrace(now.bindingGraceMs)}; ${formatGrace(graceMs)} from ${from} on`,
    ],
    ["locking", locking],
    ["sharing", SHARED[now.share]],
  ];
}
