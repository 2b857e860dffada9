// Random requests of the clients in a history.
import type { Random } from "../../simulate/random.ts";
import type { ModelName } from "./history.ts";
import { ALIASED_VERSIONS } from "./perform.ts";
import type { Request } from "./request.ts";

export interface Turn {
  random: Random;
  value: string;
  turn: number;
  client: number;
}

export type Workload = (turn: Turn) => Request;

export const WORKLOADS: Record<ModelName, Workload> = { registry, aliases, drafts, files };

function registry({ random, value }: Turn): Request {
  if (random.chance(0.02)) return { key: "e", op: "collect" };
  const version = 1 + random.int(3);
  if (random.chance(0.4)) {
    const key = "a"; // its versions are numbered automatically
    return random.weighted<Request>([
      [5, { key, op: "append", value }],
      [2, { key, op: "delete", version: version + random.int(8) }],
      [2, { key, op: "undelete", version }],
      [3, { key, op: "read", version: version + random.int(8) }],
      [1, { key, op: "list" }],
      [2, { key, op: "latest" }],
    ]);
  }
  const key = random.pick(["e", "f"]);
  return random.weighted<Request>([
    [4, { key, op: "save", version, mode: "overwrite", value }],
    [2, { key, op: "save", version, mode: "fail", value }],
    [1, { key, op: "save", version, mode: "skip", value }],
    [4, { key, op: "delete", version }],
    [4, { key, op: "undelete", version }],
    [5, { key, op: "read", version }],
    [1, { key, op: "list" }],
  ]);
}

function aliases({ random }: Turn): Request {
  const key = `alias ${random.pick(["x", "y"])}`;
  const version = () => `${1 + random.int(ALIASED_VERSIONS)}.0.0`;
  return random.weighted<() => Request>([
    [3, () => ({ key, op: "set", value: version() })],
    [
      4,
      () => ({ key, op: "set", value: version(), expected: random.chance(0.2) ? "" : version() }),
    ],
    [1, () => ({ key, op: "delete" })],
    [3, () => ({ key, op: "read" })],
  ])();
}

/** The same for releases: the model of an alias, read by the members. */
export function releases(turn: Turn): Request {
  const { key, ...request } = aliases(turn);
  return { ...request, key: key.replace("alias", "release") };
}

function drafts({ random, value, turn }: Turn): Request {
  const key = `draft ${Math.floor(turn / 4)}.${random.int(2)}`;
  const part = random.pick(["p", "q", "r"]);
  const parts = random.pick([undefined, undefined, ["p"], ["p", "q"], ["q", "r"], ["p", "q", "r"]]);
  return random.weighted<Request>([
    [6, { key, op: "add", part, value }],
    [3, { key, op: "commit", ...parts && { parts } }],
    [1, { key, op: "discard" }],
    [2, { key, op: "info" }],
  ]);
}

/**
 * Others may see a file that moves at both its paths, and move it too. So each path is moved by one
 * client, once.
 */
function files({ random, value, turn, client }: Turn): Request {
  const key = `files ${Math.floor(turn / 3)}`;
  const own = { path: `from ${client}`, to: `to ${client}` };
  if (turn % 3 === 0) return { key, op: "save", path: own.path, value };
  if (turn % 3 === 1) return { key, op: "move", ...own };
  const path = random.pick(["a", "b"]);
  return random.weighted<Request>([
    [3, { key, op: "save", path, value }],
    [2, { key, op: "save", path, mode: "create", value }],
    [2, { key, op: "remove", path }],
    [3, { key, op: "read", path }],
    [2, { key, op: "read", path: random.pick(["from 0", "to 0", "to 1"]) }],
  ]);
}

export function lastLook(model: ModelName, keys: readonly string[]): Request[] {
  const reads = (key: string, versions: number) =>
    Array.from({ length: versions }, (_, i): Request => ({ key, op: "read", version: i + 1 }));
  switch (model) {
    case "registry":
      return keys.flatMap((
        key,
      ) => [{ key, op: "list" }, { key, op: "latest" }, ...reads(key, key === "a" ? 10 : 3)]);
    case "aliases":
      return keys.map((key) => ({ key, op: "read" }));
    case "drafts":
      return keys.map((key) => ({ key, op: "commit" }));
    case "files":
      return keys.flatMap((key) => [
        { key, op: "list" },
        ...["a", "b", "c"].map((path): Request => ({ key, op: "read", path })),
      ]);
  }
}
