// All commands. A command is loaded when it is called, or when help lists all.
import { itemAt } from "../../../core/faults/present.ts";
import type { CommandSet, Extension } from "../program/extension.ts";
import { type Command, SHARED_OPTIONS } from "../program/command.ts";
import type { CommandGroup } from "../program/groups.ts";

/** The commands of every program, by the groups of the help. Extensions add theirs before the last. */
const OWN: readonly CommandSet[] = [
  {
    group: "start",
    title: "First commands",
    load: {
      init: async () => (await import("./places/init.ts")).init,
      explore: async (all) => (await import("./services/explore.ts")).createExplore(all),
      doctor: async (all) => (await import("./places/doctor.ts")).createDoctor(all),
    },
  },
  {
    group: "data",
    title: "Save, load and download",
    load: {
      save: async (all) => (await import("./save.ts")).createSave(all),
      load: async (all) => (await import("./load.ts")).createLoad(all),
      download: async (all) => (await import("./download.ts")).createDownload(all),
      cat: async (all) => (await import("./cat.ts")).createCat(all),
      copy: async () => (await import("./copy.ts")).copy,
      batch: async () => (await import("./batch.ts")).batches,
    },
  },
  {
    group: "look",
    title: "List, search and compare",
    load: {
      ls: async (all) => (await import("./look/ls.ts")).createLs(all),
      versions: async () => (await import("./look/versions.ts")).versions,
      info: async () => (await import("./look/info.ts")).info,
      log: async () => (await import("./look/log.ts")).log,
      diff: async () => (await import("./look/diff.ts")).diff,
      lineage: async () => (await import("./look/lineage.ts")).lineage,
    },
  },
  {
    group: "names",
    title: "Aliases, releases, notes and deletion",
    load: {
      alias: async () => (await import("./alias.ts")).alias,
      publish: async () => (await import("./releases.ts")).publish,
      members: async () => (await import("./releases.ts")).members,
      note: async () => (await import("./note.ts")).note,
      rm: async () => (await import("./rm.ts")).rm,
      undelete: async () => (await import("./undelete.ts")).undelete,
    },
  },
  {
    group: "space",
    title: "Space and safety",
    load: {
      settings: async () => (await import("./space/settings.ts")).settings,
    },
  },
  {
    group: "share",
    title: "Other registries and programs",
    load: {
      remote: async () => (await import("./places/remote.ts")).remotes,
      "export site": async (all) => (await import("./export_site.ts")).createExportSite(all),
    },
  },
  {
    group: "services",
    title: "HTTP, tokens and jobs",
    load: {
      serve: async (all) => (await import("./services/serve.ts")).createServe(all),
      token: async () => (await import("./services/token.ts")).tokens,
    },
  },
  {
    group: "machine",
    title: "This machine and its stores",
    load: {
      cache: async () => (await import("./stores/cache.ts")).cache,
      completions: async () => (await import("./completions.ts")).completions,
    },
  },
];

export interface CommandTable {
  /** The groups of the help. */
  readonly groups: readonly CommandGroup[];
  /** The names of commands, or the first words of those that one function loads. */
  readonly names: readonly string[];
  load(): Promise<readonly Command[]>;
  /** Loads the command that these arguments call, or all if that is not obvious. */
  loadFor(args: readonly string[]): Promise<readonly Command[]>;
}

/** Returns the commands of a program with these extensions. */
export function createCommandTable(extensions: readonly Extension[]): CommandTable {
  const added = extensions.flatMap(({ commands = [] }) => commands);
  const last = added.filter(({ behind }) => behind === undefined);
  const sets = [...OWN.slice(0, -1), ...last, ...OWN.slice(-1)];
  for (const set of added.filter(({ behind }) => behind !== undefined)) {
    sets.splice(sets.findIndex(({ group }) => group === set.behind) + 1, 0, set);
  }
  const groups = groupsOf(sets);
  const loaders: CommandSet["load"] = Object.fromEntries([
    ...sets.flatMap(({ load }) => Object.entries(load)),
    [
      "__complete",
      async () =>
        (await import("./completions.ts")).complete(
          (typed) => createCommandTable([...extensions, ...typed]),
          extensions,
        ),
    ],
  ]);
  const load = async () =>
    (await Promise.all(Object.values(loaders).map((each) => each(extensions)))).flat();
  return {
    groups,
    names: Object.keys(loaders),
    load,
    async loadFor(args) {
      if (/^(-V|--version)$/.test(args.join(" "))) return [];
      const words = wordsOf(args);
      const called = words.find((each) => Object.hasOwn(loaders, each)) ?? "";
      const loaded = [await loaders[called]?.(extensions) ?? []].flat();
      const command = loaded.find(({ name }) => words.includes(name));
      return command === undefined ? await load() : [command];
    },
  };
}

function groupsOf(sets: readonly CommandSet[]): CommandGroup[] {
  return sets.flatMap(({ group, title }, i) => {
    if (group === undefined || title === undefined) return [];
    if (sets.findIndex((set) => set.group === group) < i) return []; // of several extensions
    const words = sets.filter((set) => set.group === group)
      .flatMap(({ load }) => Object.keys(load))
      .map((command) => itemAt(command.split(" "), 0));
    return [{ name: group, title, words: [...new Set(words)] }];
  });
}

/** Returns the first two words of a line, and the first one, after options of every command. */
function wordsOf(args: readonly string[]): string[] {
  const rest = [...args];
  while (rest[0]?.startsWith("-")) {
    const [form = "", value] = rest.shift()!.split("=", 2);
    const option = SHARED_OPTIONS.find(({ flags }) => flags.split(/[ ,]+/).includes(form));
    if (option === undefined) return [];
    if (value === undefined && option.flags.includes("<")) rest.shift(); // its value
  }
  const [first = "", second] = rest;
  return [`${first} ${second}`, first];
}
