// The Python package over a service and over a store (which it reads), and the client of the Hub:
// one process each, which answers questions.
import { startReader } from "../../python/reader.ts";
import {
  type EntryPoint,
  type Location,
  type Operation,
  type Operations,
  Refused,
} from "./entry_point.ts";

type Started = EntryPoint & AsyncDisposable;
type Where = Record<string, unknown>;

const READS: Operation[] = ["load", "info", "range", "names", "versions", "aliases", "history"];
const WRITES: Operation[] = [
  "save",
  "setAlias",
  "rollbackAlias",
  "deleteAlias",
  "delete",
  "undelete",
  "annotate",
  "publish",
  "finishRun",
  "addPart",
  "commitDraft",
  "discardDraft",
];

const NO_PYTHON = "the package does not have it";
const WITHOUT = {
  copy: NO_PYTHON,
  log: NO_PYTHON,
  rules: NO_PYTHON,
  setRule: NO_PYTHON,
  removeRule: NO_PYTHON,
  prune: NO_PYTHON,
  members: "it opens them by ref",
  pages: "it iterates over lists",
  "save.bump": NO_PYTHON,
  "save.share": NO_PYTHON,
  "save.ifCommit": NO_PYTHON,
  "delete.ifCommit": NO_PYTHON,
  ...Object.fromEntries(
    ["names.after", "names.limit", "versions.after", "versions.limit"]
      .concat("history.after", "history.limit").map((option) => [option, "it iterates over lists"]),
  ),
};

const LISTINGS = {
  info: "its facts of a repository have another form",
  names: "it lists repositories",
  versions: "versions and aliases are tags",
  aliases: "versions and aliases are tags",
  history: "it has commits",
  "load.asOf": "revisions have no times",
};

export function startPythonOfService(): Started {
  const operations = [...READS, ...WRITES, "annotations", "draftInfo", "search"] as Operation[];
  const where = ({ url, token }: Location) => ({ location: url, token });
  return start("tests/apps/entry_points/python.py", where, { operations, without: WITHOUT });
}

export function startPythonOfStore(): Started {
  const reads = "it only reads, and no annotations or drafts";
  const without = Object.fromEntries(
    [...WRITES, "annotations", "draftInfo"].map((name) => [name, reads]),
  );
  return {
    ...start("tests/apps/entry_points/python.py", ({ store }) => ({ ...store }), {
      operations: [...READS, "search"],
      without: { ...WITHOUT, ...without },
    }),
    needsStore: true,
  };
}

/** The client of the Hub, which reads. Its `folder` has what it keeps. */
export function startHub(command: string, folder: string): Started {
  const reads = "it reads repositories; a commit of it is a folder";
  const without = Object.fromEntries(
    [...WRITES, ...Object.keys(WITHOUT), "annotations", "draftInfo", "search"].map((
      name,
    ) => [name, reads]),
  );
  const env = {
    HF_HOME: folder,
    HF_HUB_DISABLE_PROGRESS_BARS: "1",
    HF_HUB_DISABLE_TELEMETRY: "1",
    HF_HUB_DISABLE_XET: "1",
  };
  return {
    ...start("tests/apps/entry_points/hub.py", ({ url, token }) => ({ url, token }), {
      operations: ["load", "range"],
      without: { ...without, ...LISTINGS },
      options: { command, env },
    }),
    names: /^(?=.{1,96}$)\w+(?:[.-]\w+)*(?:\/\w+(?:[.-]\w+)*)?$/,
    loads: ["text", "value"],
    refuses: "NotFound",
  };
}

function start(
  program: string,
  where: (at: Location) => Where,
  { operations, without, options }: {
    operations: Operation[];
    without: EntryPoint["without"];
    options?: Parameters<typeof startReader>[1];
  },
): Started {
  const process = startReader(program, options);
  const asked = operations.map((ask) => [ask, async (at: Location, given: unknown) => {
    const { answer, refused, message } = await process.ask<Answer>({ ask, given, ...where(at) });
    if (refused !== undefined) throw new Refused(refused, message);
    return answer;
  }]);
  return {
    operations: Object.fromEntries(asked) as Partial<Operations>,
    without,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

interface Answer {
  answer?: unknown;
  refused?: string;
  message?: string;
}
