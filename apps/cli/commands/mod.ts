// All commands. A command is loaded when it is called, or when help lists all.
import { itemAt } from "../../../core/faults/present.ts";
import type { CommandLoaders, CommandSet, Extension } from "../program/extension.ts";
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
      doctor: async () => (await import("./places/doctor.ts")).doctor,
    },
  },
  {
    group: "data",
    title: "Save, load and download",
    load: {
      save: async () => (await import("./save.ts")).save,
      load: async (all) => (await import("./load.ts")).createLoad(all),
      download: async (all) => (await import("./download.ts")).createDownload(all),
      cat: async (all) => (await import("./cat.ts")).createCat(all),
      copy: async () => (await import("./copy.ts")).copy,
      "batch save": async () => (await import("./batch.ts")).batchSave,
      "batch load": async () => (await import("./batch.ts")).batchLoad,
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
    group: "logging",
    title: "Runs that log values",
    load: {
      "runs ls": async () => (await import("./runs/runs.ts")).ls,
      "runs log": async () => (await import("./runs/log.ts")).log,
      "runs show": async () => (await import("./runs/runs.ts")).show,
      "runs set": async () => (await import("./runs/runs.ts")).set,
      "runs finish": async () => (await import("./runs/runs.ts")).finish,
      "runs rm": async () => (await import("./runs/runs.ts")).rm,
    },
  },
  {
    group: "space",
    title: "Space and safety",
    load: {
      du: async () => (await import("./space/du.ts")).du,
      prune: async () => (await import("./space/prune.ts")).prune,
      "rules set": async (all) => (await import("./space/rules.ts")).createRulesSet(all),
      "rules ls": async () => (await import("./space/rules.ts")).rulesLs,
      "rules log": async () => (await import("./space/rules.ts")).rulesLog,
      "rules rm": async () => (await import("./space/rules.ts")).rulesRm,
      "rules test": async () => (await import("./space/rules.ts")).rulesTest,
      gc: async () => (await import("./space/gc.ts")).gc,
      settings: async () => (await import("./space/settings.ts")).settings,
    },
  },
  {
    group: "share",
    title: "Other registries and programs",
    load: {
      "remote add": async () => (await import("./places/remote.ts")).remoteAdd,
      "remote ls": async () => (await import("./places/remote.ts")).remoteLs,
      "remote rm": async () => (await import("./places/remote.ts")).remoteRm,
      "export site": async (all) => (await import("./export_site.ts")).createExportSite(all),
    },
  },
  {
    group: "services",
    title: "HTTP, tokens and jobs",
    load: {
      serve: async (all) => (await import("./services/serve.ts")).createServe(all),
      "token create": async () => (await import("./services/token.ts")).tokenCreate,
      "token ls": async () => (await import("./services/token.ts")).tokenLs,
      "token rm": async () => (await import("./services/token.ts")).tokenRm,
      "token rotate": async () => (await import("./services/token.ts")).tokenRotate,
      "token set": async () => (await import("./services/token.ts")).tokenSet,
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
  load(): Promise<readonly Command[]>;
  /** Loads the command that these arguments call, or all if that is not obvious. */
  loadFor(args: readonly string[]): Promise<readonly Command[]>;
}

/** Returns the commands of a program with these extensions. */
export function createCommandTable(extensions: readonly Extension[]): CommandTable {
  const added = extensions.flatMap(({ commands = [] }) => commands);
  const sets = [...OWN.slice(0, -1), ...added, ...OWN.slice(-1)];
  const groups = groupsOf(sets);
  const loaders: CommandLoaders = Object.fromEntries([
    ...sets.flatMap(({ load }) => Object.entries(load)),
    ["__complete", async () => (await import("./completions.ts")).complete(load, groups)],
  ]);
  const load = async () =>
    await Promise.all(Object.values(loaders).map((each) => each(extensions)));
  return {
    groups,
    load,
    async loadFor(args) {
      if (/^(-V|--version)$/.test(args.join(" "))) return [];
      const called = loaders[calledBy(args, loaders) ?? ""];
      return called === undefined ? await load() : [await called(extensions)];
    },
  };
}

function groupsOf(sets: readonly CommandSet[]): CommandGroup[] {
  return sets.flatMap(({ group, title }) => {
    if (group === undefined || title === undefined) return [];
    const words = sets.filter((set) => set.group === group)
      .flatMap(({ load }) => Object.keys(load))
      .map((command) => itemAt(command.split(" "), 0));
    return [{ name: group, title, words: [...new Set(words)] }];
  });
}

function calledBy(args: readonly string[], loaders: CommandLoaders): string | undefined {
  const rest = [...args];
  while (rest[0]?.startsWith("-")) {
    const [form = "", value] = rest.shift()!.split("=", 2);
    const option = SHARED_OPTIONS.find(({ flags }) => flags.split(/[ ,]+/).includes(form));
    if (option === undefined) return undefined;
    if (value === undefined && option.flags.includes("<")) rest.shift(); // its value
  }
  const [first = "", second] = rest;
  return [first, `${first} ${second}`].find((words) => Object.hasOwn(loaders, words));
}
