// The manual of the command line as `man` reads it: roff with the macros of
// [man(7)](https://man7.org/linux/man-pages/man7/man.7.html), made of the definitions that the help
// shows.
import { SHARED_OPTIONS } from "./command.ts";
import type { ArgumentDefinition, Command, OptionDefinition } from "./command.ts";
import { EXIT_CODE_HELP } from "./exit_code.ts";

const ABOUT =
  "Stores and versions models, datasets and files of any size in a folder or a bucket that several may write " +
  "to. A ref is name, name@1.2.0, name@^1.2, name@latest or name@alias.";

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
    ...codes.map((line) => /^ *(\d+) +(.*)$/.exec(line)!).map(([, code, text]) =>
      `.TP\n.B ${code}\n${escaped(text)}`
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
    ...args.map(argumentLines),
    ...options.map(optionLines),
    ...examples.flatMap((
      [line, purpose],
    ) => [`.PP\n${escaped(`${purpose}:`)}`, `.RS 4\n.nf\n${escaped(line)}\n.fi\n.RE`]),
  ];
}

function argumentLines({ usage, text }: ArgumentDefinition): string {
  return `.TP\n.I ${roff(usage)}\n${escaped(text)}`;
}

function optionLines({ flags, text, choices = [] }: OptionDefinition): string {
  const values = choices.length === 0 ? "" : ` (one of ${choices.join(", ")})`;
  return `.TP\n.B ${roff(flags)}\n${escaped(text + values)}`;
}

/** What stands behind a macro is one line; quotes would end a word. */
function roff(text: string): string {
  return escaped(text).replaceAll('"', "\\(dq").replaceAll("\n", " ");
}

/** A line that begins with a dot or a quote would be a macro, and a dash a hyphen that cannot be searched for. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^(?=[.'])/gm, "\\&");
}
