import { defineServing, type Extension } from "../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./hint_words.ts";
import { parseDuration } from "../../apps/cli/extending.ts";

/** Names of a registry that `gc` looks at in a night: each once in 30 days. */
const lookedAt = (names: number) => Math.ceil(names / 30);

export const maintenanceExtension: Extension = {
  name: "maintenance",
  hints: CLI_HINTS,
  ofRegistry: ["du", "gc", "prune", "rules \\w+"],
  suggestions: {
    reading: ["du", "rules ls", "rules log", "rules test"],
    commands: [
      ["prune [names...] --keep-last <count>", "expire, forget, keep-last, purge, retain"],
      ["gc", "clean, cleanup, collect, compact, shrink, vacuum"],
      ["du", "df, ncdu, quota, size, space, stats, usage"],
      ["rules set <pattern> --protect", "lock, protect"],
      ["rules rm <pattern>", "unlock, unprotect"],
      ["rules ls", "policy, retention, rule"],
    ],
    options: [
      ["prune rules.set", "--keep-last COUNT", "--keep --keep-n --keep-latest --last"],
      ["prune rules.set", "--keep-last COUNT", "--max-versions"],
      ["prune rules.set", "--older-than 30d", "--age --max-age --older --before --ttl --days"],
      ["prune rules.set", "--keep-where CONDITION", "--where --filter --keep-if"],
      ["du", "<prefix>", "--prefix --pattern --name"],
      ["prune gc", "--yes", "--no-confirm --no-input --assume-yes --force-yes"],
    ],
    orders: [["gc prune", "path", "-r $1"]],
  },
  serving: defineServing({
    options: [{
      flags: "--prune-every <duration>",
      text: "prune by the rules of the registry at this interval: 6h",
      parse: parseDuration,
    }],
    async *open({ pruneEvery }, context) {
      if (pruneEvery === undefined) return;
      const { pruneRegularly } = await import("./commands/prune_regularly.ts");
      yield { beside: (registry) => pruneRegularly(registry, pruneEvery, context) };
    },
  }),
  maintains: [{
    command: "gc",
    night: ({ names, pass, tables, page }) => ({
      list: pass + Math.ceil(names / page) + 2 * lookedAt(names),
      get: lookedAt(names) + tables,
    }),
  }, { command: "prune", night: ({ pass }) => ({ list: pass, get: 1 }) }],
  commands: [{
    group: "space",
    load: {
      du: async () => (await import("./commands/du.ts")).du,
      prune: async () => (await import("./commands/prune.ts")).prune,
      rules: async (all) => (await import("./commands/rules.ts")).rules(all),
      gc: async () => (await import("./commands/gc.ts")).gc,
    },
  }],
};
