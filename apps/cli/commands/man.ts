// `holdfast man`
import manifest from "../../../deno.json" with { type: "json" };
import { type Command, defineCommand } from "../program/command.ts";
import { manPage } from "../program/man_page.ts";

export const man: Command = defineCommand({
  name: "man",
  summary: "Print the manual of all commands, for man.",
  args: [],
  options: [],
  examples: [
    ["holdfast man > holdfast.1 && man -l holdfast.1", "read it"],
    ["holdfast man > ~/.local/share/man/man1/holdfast.1", "so that man holdfast finds it"],
  ],
  async run(_args, _options, context) {
    await context.io.stdout.write(manPage(await context.loadCommands(), manifest.version));
  },
});
