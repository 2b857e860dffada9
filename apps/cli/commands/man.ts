// `holdfast man`: the manual in roff, with the macros of
// [man(7)](https://man7.org/linux/man-pages/man7/man.7.html), made of the same definitions as help.
import manifest from "../../../deno.json" with { type: "json" };
import { defineCommand, SHARED_OPTIONS } from "../program/command.ts";
import type { Command, OptionDefinition } from "../program/command.ts";
import { EXIT_CODE_HELP } from "../program/exit_code.ts";

export const man: Command = defineCommand({
  name: "man",
  summary: "Print the manual of all commands, for man.",
  args: [],
  options: [],
  examples: [
    ["holdfast man > holdfast.1 && man -l holdfast.1", "read it"],
    ["holdfast man > ~/.local/share/man/man1/holdfast.1", "install it for man holdfast"],
  ],
  async run(_args, _options, context) {
    await context.io.stdout.write(manPage(await context.loadCommands(), manifest.version));
  },
});

const ABOUT =
  "Stores and versions models, datasets and files of any size in a folder or a bucket, with any " +
  "number of writers. A ref is name, name@1.2.0, name@^1.2, name@latest or name@alias.";

export function manPage(commands: readonly Command[], version: string): string {
  const shown = commands.filter(({ hidden }) => !hidden);
  const [, ...codes] = EXIT_CODE_HELP.split("\n");
  return [
    `.TH HOLDFAST 1 "" "holdfast ${roff(version)}" "User Commands"`,
    ".SH NAME",
    "holdfast \\- versions of models, datasets and files",
    ".SH SYNOPSIS",
    ".B holdfast\n.I command\n[options] [arguments]",
    ".SH DESCRIPTION",
    escaped(ABOUT),
    ".SH COMMANDS",
    ...shown.flatMap(commandLines),
    ".SH OPTIONS OF EVERY COMMAND",
    ...SHARED_OPTIONS.map(optionLines),
    ".SH EXIT STATUS",
    ...codes.map((line) =>
      line.replace(/^ *(\d+) +(.*)$/, (_, code, text) => `.TP\n.B ${code}\n${escaped(text)}`)
    ),
    "",
  ].join("\n");
}

function commandLines({ name, args, summary, details, options, examples }: Command): string[] {
  const usage = args.map(({ usage }) => usage).join(" ");
  return [
    `.SS ${roff(`holdfast ${name} ${usage}`.trim())}`,
    escaped(summary),
    ...(details === undefined ? [] : details.split("\n\n").map((text) => `.PP\n${escaped(text)}`)),
    ...args.map(({ usage, text }) => `.TP\n.I ${roff(usage)}\n${escaped(text)}`),
    ...options.map(optionLines),
    ...examples.map(([line, purpose]) =>
      `.PP\n${escaped(`${purpose}:`)}\n.RS 4\n.nf\n${escaped(line)}\n.fi\n.RE`
    ),
  ];
}

function optionLines({ flags, text, choices = [] }: OptionDefinition): string {
  const values = choices.length === 0 ? "" : ` (one of ${choices.join(", ")})`;
  return `.TP\n.B ${roff(flags)}\n${escaped(text + values)}`;
}

/** Escapes the argument of a macro, which is one line and in which quotes end a word. */
function roff(text: string): string {
  return escaped(text).replaceAll('"', "\\(dq").replaceAll("\n", " ");
}

/** Escapes text: a leading dot or quote would be a macro, a plain dash a typographic hyphen. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^(?=[.'])/gm, "\\&");
}
