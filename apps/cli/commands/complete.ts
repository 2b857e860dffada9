// `holdfast __complete`, which the completion scripts call
import { readRemotes } from "../../../registry/places/mod.ts";
import { type Command, type CommandContext, defineCommand } from "../program/command.ts";
import { completeLine } from "../completion/complete_line.ts";

export const complete: Command = defineCommand<[words: string[]]>({
  name: "__complete",
  summary: "Print what may stand at the end of a command line, one word per line.",
  args: [{ usage: "[words...]", text: "the words behind the program's name, behind --" }],
  options: [],
  examples: [],
  hidden: true,
  async run([words], _options, context) {
    const { io } = context;
    const commands = await context.loadCommands();
    const remotes = namesOfRemotes(context);
    const found = await completeLine(words, {
      commands,
      remotes,
      open: (registry) => context.open({ registry }),
    });
    if (found.length > 0) await io.stdout.write(`${found.join("\n")}\n`);
  },
});

/** Where their file is broken there are none; what needs no names is offered nevertheless. */
function namesOfRemotes({ io: { system }, logger }: CommandContext): string[] {
  try {
    return Object.keys(readRemotes({ system }).registries);
  } catch (error) {
    logger.debug(String(error));
    return [];
  }
}
