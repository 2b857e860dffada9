// `holdfast completions`
import { type Command, defineCommand } from "../program/command.ts";
import { COMPLETION_SCRIPTS } from "../completion/completion_scripts.ts";
import { fault } from "../../../core/errors.ts";

export const completions: Command = defineCommand<[shell: string]>({
  name: "completions",
  summary: "Print a script that lets bash, zsh or fish complete lines.",
  details: "Completed are commands, options, their values, names, versions and aliases.",
  args: [{ usage: "<shell>", text: `one of ${Object.keys(COMPLETION_SCRIPTS).join(", ")}` }],
  options: [],
  examples: [
    ["source <(holdfast completions bash)", "in ~/.bashrc"],
    ["source <(holdfast completions zsh)", "in ~/.zshrc, after compinit"],
    ["holdfast completions fish | source", "in ~/.config/fish/config.fish"],
  ],
  async run([shell], _options, context) {
    if (Object.hasOwn(COMPLETION_SCRIPTS, shell)) {
      return await context.io.stdout.write(COMPLETION_SCRIPTS[shell]);
    }
    throw fault({
      code: "Invalid",
      action: "complete for",
      subject: JSON.stringify(shell),
      state: "this shell is not known",
      hint: `There is: ${Object.keys(COMPLETION_SCRIPTS).join(", ")}.`,
    });
  },
});
