// `holdfast settings`
import {
  changeSettings,
  type CurrentSettings,
  readSettings,
} from "../../../../registry/maintenance.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { type Fact, factsText } from "../../terminal/facts.ts";
import { formatGrace, formatTime, parseGrace } from "../../terminal/units.ts";

export const settings: Command = defineCommand<[], { grace?: number }>({
  name: "settings",
  summary: "Show the settings of the registry, or change its grace period.",
  details:
    "Only the grace may be changed. A longer one counts at once, for all that gc might not have freed by then; a shorter " +
    "one once the longer one has passed. It is never shorter than the least that the registry was created with (an " +
    "hour unless it was given), for whoever has it open relies on that.",
  args: [],
  options: [
    {
      flags: "--grace <duration>",
      text: "how long replaced data stays readable from now on, at least an hour",
      parse: parseGrace,
    },
  ],
  examples: [
    ["holdfast settings", "what the registry is"],
    ["holdfast settings --grace 7d", "what is deleted stays for a week before gc frees it"],
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
      from && `${formatGrace(now.bindingGraceMs)} counts; ${formatGrace(graceMs)} from ${from} on`,
    ],
    ["locking", locking],
  ];
}
