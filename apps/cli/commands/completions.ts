// `holdfast completions`, and `holdfast __complete`, which the completion scripts call
import { readRemotes } from "../../../registry/places/mod.ts";
import { parseBashLine, quotedForBash } from "../completion/bash_line.ts";
import { completeLine } from "../completion/complete_line.ts";
import { type Command, type CommandContext, defineCommand } from "../program/command.ts";
import type { Extension } from "../program/extension.ts";
import type { CommandGroup } from "../program/groups.ts";
import { splitExtensions } from "../program/extensions/named_modules.ts";
import { invalid } from "../terminal/hints.ts";

/**
 * The bash script. bash splits words at `:`, `=` and before `@`, and inserts candidates as they are.
 * So the program splits the line, quotes candidates and removes the part that bash already has. zsh
 * and fish quote what they insert.
 *
 * Functions expand no aliases, so bash and zsh look up the alias `holdfast`. fish aliases are
 * functions.
 */
const BASH = `# holdfast completions for bash
_holdfast() {
  local line="\${COMP_LINE:0:COMP_POINT}" words
  local asked=(__complete --shell bash --breaks "$COMP_WORDBREAKS" -- "$line")
  read -ra words <<< "$line"
  if [[ -n "\${BASH_ALIASES[\${words[0]}]}" ]]; then
    local command="\${BASH_ALIASES[\${words[0]}]}"
    mapfile -t COMPREPLY < <(eval "$command"' "\${asked[@]}"' 2> /dev/null)
  else
    mapfile -t COMPREPLY < <("\${words[0]}" "\${asked[@]}" 2> /dev/null)
  fi
}
complete -o default -F _holdfast holdfast
`;

const ZSH = `# holdfast completions for zsh
_holdfast() {
  local -a found program
  program=("\${(@Q)\${(z)\${aliases[$words[1]]:-\${(q)words[1]}}}}")
  local typed=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  found=("\${(@0)$("\${(@)program}" __complete --shell zsh -- "\${(@)typed}" 2> /dev/null)}")
  if [[ -n "\${found[*]}" ]]; then
    compadd -- "\${found[@]}"
  else
    _files
  fi
}
compdef _holdfast holdfast
# zsh expands aliases before it completes, unless complete_aliases is set.
(( \${+aliases[holdfast]} )) && setopt complete_aliases
true
`;

const FISH = `# holdfast completions for fish
function __holdfast_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ot)
    set -q typed[1]; or set typed ""
    set -l found ($words[1] __complete --shell fish -- $words[2..-1] $typed 2> /dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path $typed
    end
end
complete -c holdfast -f -a '(__holdfast_complete)'
`;

export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
};
const SHELLS = Object.keys(COMPLETION_SCRIPTS).join(", ");

export const completions: Command = defineCommand({
  name: "completions",
  summary: "Print the completion script for bash, zsh or fish.",
  details:
    "It completes commands, options and their values, registries of remote ls, names, versions, " +
    "aliases, and paths in a version.",
  args: [{ usage: "<shell>", text: `one of ${SHELLS}` }],
  options: [],
  examples: [
    ["source <(holdfast completions bash)", "in ~/.bashrc"],
    ["source <(holdfast completions zsh)", "in ~/.zshrc, after compinit"],
    ["holdfast completions fish | source", "in ~/.config/fish/config.fish"],
  ],
  async run([shell], _options, context) {
    const script = Object.hasOwn(COMPLETION_SCRIPTS, shell) ? COMPLETION_SCRIPTS[shell] : undefined;
    if (script === undefined) {
      throw invalid(`complete for ${JSON.stringify(shell)}`, "unknown shell", `Use: ${SHELLS}.`);
    }
    await context.io.stdout.write(script);
  },
});

/** The commands of a program, and the groups of its help. */
interface Table {
  readonly groups: readonly CommandGroup[];
  readonly names: readonly string[];
  load(): Promise<readonly Command[]>;
}

export const complete = (
  tableWith: (typed: readonly Extension[]) => Table,
  extensions: readonly Extension[],
): Command =>
  defineCommand({
    name: "__complete",
    summary: "Print the completions of a command line for the script of a shell.",
    args: [{
      usage: "[words...]",
      text: "the words after the program's name, after --; of bash: " +
        "the whole line up to the cursor",
    }],
    options: [
      { flags: "--shell <shell>", text: `the shell that asks: ${SHELLS}` },
      { flags: "--breaks <characters>", text: "the characters at which bash splits words" },
    ],
    examples: [],
    hidden: true,
    async run([typed], { shell, breaks = "" }, context) {
      const line = shell === "bash" ? parseBashLine(typed[0] ?? "", breaks) : undefined;
      if (shell === "bash" && line === undefined) return;
      const { files, rest } = splitExtensions(line?.words.slice(1) ?? typed);
      const table = tableWith(await typedExtensions(files, { extensions, tableWith, context }));
      const completed = await completeLine(rest, {
        commands: await table.load(),
        remotes: remoteNames(context),
        topics: [...table.groups.map(({ name }) => name), "exit-codes"],
        open: (registry) => context.open({ registry }),
      });
      const text = line === undefined
        ? candidatesFor(shell, completed)
        : completed.flatMap((each) => quotedForBash(each, line) ?? []).join("\n");
      if (text !== "") await context.io.stdout.write(shell === "zsh" ? text : `${text}\n`);
    },
  });

/** Loads the extensions that the line names. */
async function typedExtensions(
  files: readonly string[],
  { extensions, tableWith, context: { io: { cwd } } }: {
    extensions: readonly Extension[];
    tableWith: (typed: readonly Extension[]) => Table;
    context: CommandContext;
  },
): Promise<Extension[]> {
  if (files.length === 0) return [];
  const { loadExtensions } = await import("../program/extensions/load_extensions.ts");
  const modules = files.map((module) => ({ module, cwd, missing: "" }));
  return await loadExtensions(modules, { extensions, commands: tableWith([]).names });
}

/**
 * Returns candidates as a script reads them. fish splits them at tabs and line ends, and does not
 * quote a `~` at the beginning.
 */
function candidatesFor(shell: string | undefined, candidates: readonly string[]): string {
  if (shell === "zsh") return candidates.join("\0");
  return candidates.filter((text) => !/^~|[\n\t]/.test(text)).join("\n");
}

/** Returns the names of registries; none if their file is broken. */
function remoteNames({ io: { system }, logger }: CommandContext): string[] {
  try {
    return Object.keys(readRemotes({ system }).registries);
  } catch (error) {
    logger.debug(String(error));
    return [];
  }
}
