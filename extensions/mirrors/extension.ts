import type { Extension } from "../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./words/hints.ts";

export const mirrorsExtension: Extension = {
  name: "mirrors",
  hints: CLI_HINTS,
  suggestions: {
    commands: [
      ["mirror <from> <to>", "push, import, fetch, pull"],
      ["mirror <from> <to> --create", "backup, bundle, clone, dump, migrate, replicate, snapshot"],
      ["mirror <from> <to> --create", "copyto, sync, transfer"],
      ["mirror <from> <from> <old> --rename <old>=<new>", "move, mv, rename"],
      ["mirror <from> <from> <old> --rename <old>=<new>", "rename-registered-model"],
    ],
    options: [
      ["mirror", "--prefix TEXT", "--only --include"],
      ["mirror", "--concurrency COUNT", "--workers --jobs -j --threads"],
    ],
  },
  maintains: [{
    command: "mirror",
    night: ({ pass, tables }) => ({ list: 2 * pass, get: 2 * tables }),
  }],
  commands: [{
    group: "space",
    load: { mirror: async () => (await import("./commands.ts")).mirror },
  }],
};
