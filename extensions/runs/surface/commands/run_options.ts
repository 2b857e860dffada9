// Arguments and options of commands for runs.
import { parseEntry } from "../../../../apps/cli/extending.ts";
import type { OptionDefinition } from "../../../../apps/cli/extending.ts";
import type { RunFacts } from "../../mod.ts";

export const RUN_NAME = {
  usage: "<name>",
  text: "the artifact that the run computes",
  completes: "name",
} as const;
export const RUN_ID = { usage: "<id>", text: "the id of the run" } as const;

export const PARAM_OPTION = {
  flags: "-p, --param <key=value>",
  text: "a parameter; key:=JSON for numbers",
  parse: (text) => parseEntry(text, "parameter"),
  repeat: true,
} as const satisfies OptionDefinition;

export const TAG_OPTION = {
  flags: "-t, --tag <key=value>",
  text: "a tag; key:=JSON for numbers",
  parse: (text) => parseEntry(text, "tag"),
  repeat: true,
} as const satisfies OptionDefinition;

type Entries = readonly (readonly [string, unknown])[];

/** Returns the parameters and tags of a command line. */
export function factsOf(param: Entries, tag: Entries): RunFacts {
  return { params: Object.fromEntries(param), tags: Object.fromEntries(tag) as RunFacts["tags"] };
}

/** Returns parameters and tags as words of a command line. */
export function wordsOf(param: Entries, tag: Entries): string[] {
  const words = (option: string, entries: Entries) =>
    entries.flatMap(([key, value]) => [option, `${key}:=${JSON.stringify(value)}`]);
  return [...words("-p", param), ...words("-t", tag)];
}
