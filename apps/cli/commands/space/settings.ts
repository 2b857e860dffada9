// `holdfast settings`
import {
  changeSettings,
  type CurrentSettings,
  readSettings,
} from "../../../../registry/maintenance.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { type Fact, factsText } from "../../terminal/print_table.ts";
import { formatGrace, formatTime, parseGrace } from "../../terminal/units.ts";

export const settings: Command = defineCommand<[], { grace?: number }>({
  name: "settings",
  summary: "Show the settings of the registry, or change its grace period.",
  details:
    "Only the grace period can change. A longer one applies at once to everything that gc has " +
    "not freed; a shorter one applies after the longer one has passed. The minimum is fixed " +
    "when the registry is created (default: one hour), because open readers rely on it.",
  args: [],
  options: [
    {
      flags: "--grace <duration>",
      text: "how long replaced data stays, at least 1h",
      parse: parseGrace,
    },
  ],
  examples: [
    ["holdfast settings", "show all settings"],
    ["holdfast settings --grace 7d", "gc frees data a week after it was deleted"],
  ],
  async run(_args, { grace }, context) {
    const { signal } = context.io;
    const registry = await context.open({ write: grace !== undefined });
    const current = grace === undefined
      ? await readSettings(registry, { signal })
      : await changeSettings(registry, { graceMs: grace, signal });
    const text = factsText(factsOf(current), context);
    if (grace === undefined) await context.result(current, text);
    else await context.done(current, text);
  },
});

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
  ];
}
