// All commands. A command is loaded when it is called, or when help lists all.
import { itemAt } from "../../../core/faults/present.ts";
import { type Command, SHARED_OPTIONS } from "../program/command.ts";
import type { CommandGroup } from "../program/groups.ts";

type Loaders = Readonly<Record<string, () => Promise<Command>>>;

export const GROUPS: CommandGroup[] = [];

function group(name: string, title: string, commands: Loaders): Loaders {
  const words = Object.keys(commands).map((command) => itemAt(command.split(" "), 0));
  GROUPS.push({ name, title, words: [...new Set(words)] });
  return commands;
}

const COMMANDS: Loaders = {
  ...group("start", "First commands", {
    init: async () => (await import("./places/init.ts")).init,
    explore: async () => (await import("./services/explore.ts")).explore,
    doctor: async () => (await import("./places/doctor.ts")).doctor,
  }),
  ...group("data", "Save, load and download", {
    save: async () => (await import("./save.ts")).save,
    load: async () => (await import("./load.ts")).load,
    download: async () => (await import("./download.ts")).download,
    mount: async () => (await import("./services/mount.ts")).mount,
    cat: async () => (await import("./cat.ts")).cat,
    copy: async () => (await import("./copy.ts")).copy,
    "batch save": async () => (await import("./batch.ts")).batchSave,
    "batch load": async () => (await import("./batch.ts")).batchLoad,
  }),
  ...group("look", "List, search and compare", {
    ls: async () => (await import("./look/ls.ts")).ls,
    versions: async () => (await import("./look/versions.ts")).versions,
    info: async () => (await import("./look/info.ts")).info,
    log: async () => (await import("./look/log.ts")).log,
    diff: async () => (await import("./look/diff.ts")).diff,
    lineage: async () => (await import("./look/lineage.ts")).lineage,
  }),
  ...group("names", "Aliases, releases, notes and deletion", {
    alias: async () => (await import("./alias.ts")).alias,
    publish: async () => (await import("./releases.ts")).publish,
    members: async () => (await import("./releases.ts")).members,
    note: async () => (await import("./note.ts")).note,
    rm: async () => (await import("./rm.ts")).rm,
    undelete: async () => (await import("./undelete.ts")).undelete,
  }),
  ...group("logging", "Runs that log values", {
    "runs ls": async () => (await import("./look/runs.ts")).ls,
    "runs log": async () => (await import("./look/runs.ts")).log,
    "runs show": async () => (await import("./look/runs.ts")).show,
    "runs finish": async () => (await import("./look/runs.ts")).finish,
  }),
  ...group("space", "Space and safety", {
    du: async () => (await import("./space/du.ts")).du,
    prune: async () => (await import("./space/prune.ts")).prune,
    "rules set": async () => (await import("./space/rules.ts")).rulesSet,
    "rules ls": async () => (await import("./space/rules.ts")).rulesLs,
    "rules log": async () => (await import("./space/rules.ts")).rulesLog,
    "rules rm": async () => (await import("./space/rules.ts")).rulesRm,
    "rules test": async () => (await import("./space/rules.ts")).rulesTest,
    gc: async () => (await import("./space/gc.ts")).gc,
    verify: async () => (await import("./verify.ts")).verify,
    mirror: async () => (await import("./stores/mirror.ts")).mirror,
    settings: async () => (await import("./space/settings.ts")).settings,
  }),
  ...group("share", "Other registries and programs", {
    "remote add": async () => (await import("./places/remote.ts")).remoteAdd,
    "remote ls": async () => (await import("./places/remote.ts")).remoteLs,
    "remote rm": async () => (await import("./places/remote.ts")).remoteRm,
    "export mindtrace": async () => (await import("./neighbors/mindtrace.ts")).exportMindtrace,
    "export site": async () => (await import("./export_site.ts")).exportSite,
    "import mindtrace": async () => (await import("./neighbors/mindtrace.ts")).importMindtrace,
  }),
  ...group("pipelines", "Steps that run when their inputs change", {
    "pipeline init": async () => (await import("./pipelines/init.ts")).init,
    "pipeline plan": async () => (await import("./pipelines/plan.ts")).plan,
    "pipeline run": async () => (await import("./pipelines/run.ts")).run,
    "pipeline step": async () => (await import("./pipelines/step.ts")).step,
    "pipeline status": async () => (await import("./pipelines/status.ts")).status,
    "pipeline logs": async () => (await import("./pipelines/logs.ts")).logs,
    "pipeline cancel": async () => (await import("./pipelines/status.ts")).cancel,
    "pipeline graph": async () => (await import("./pipelines/graph.ts")).graph,
    worker: async () => (await import("./pipelines/worker.ts")).worker,
  }),
  ...group("services", "HTTP, tokens and jobs", {
    login: async () => (await import("./login.ts")).login,
    logout: async () => (await import("./login.ts")).logout,
    whoami: async () => (await import("./login.ts")).whoami,
    serve: async () => (await import("./services/serve.ts")).serve,
    mcp: async () => (await import("./services/mcp.ts")).mcp,
    "token create": async () => (await import("./services/token.ts")).tokenCreate,
    "token ls": async () => (await import("./services/token.ts")).tokenLs,
    "token rm": async () => (await import("./services/token.ts")).tokenRm,
    "token rotate": async () => (await import("./services/token.ts")).tokenRotate,
    "token set": async () => (await import("./services/token.ts")).tokenSet,
    "jobs ls": async () => (await import("./jobs.ts")).ls,
    "jobs show": async () => (await import("./jobs.ts")).show,
    "jobs retry": async () => (await import("./jobs.ts")).retry,
    "jobs cancel": async () => (await import("./jobs.ts")).cancel,
  }),
  ...group("machine", "This machine and its stores", {
    cache: async () => (await import("./stores/cache.ts")).cache,
    completions: async () => (await import("./completions.ts")).completions,
  }),
  __serve: async () => (await import("./services/serve_process.ts")).serveProcess,
  __complete: async () => (await import("./completions.ts")).complete(loadCommands, GROUPS),
};

export async function loadCommands(): Promise<readonly Command[]> {
  return await Promise.all(Object.values(COMMANDS).map((load) => load()));
}

/** Loads the command that these arguments call, or all if that is not obvious. */
export async function loadCommandsFor(args: readonly string[]): Promise<readonly Command[]> {
  if (/^(-V|--version)$/.test(args.join(" "))) return [];
  const load = COMMANDS[calledBy(args) ?? ""];
  return load === undefined ? await loadCommands() : [await load()];
}

function calledBy(args: readonly string[]): string | undefined {
  const rest = [...args];
  while (rest[0]?.startsWith("-")) {
    const [form = "", value] = rest.shift()!.split("=", 2);
    const option = SHARED_OPTIONS.find(({ flags }) => flags.split(/[ ,]+/).includes(form));
    if (option === undefined) return undefined;
    if (value === undefined && option.flags.includes("<")) rest.shift(); // its value
  }
  const [first = "", second] = rest;
  return [first, `${first} ${second}`].find((words) => Object.hasOwn(COMMANDS, words));
}
