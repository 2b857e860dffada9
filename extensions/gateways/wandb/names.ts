// Names and ids as W&B has them. An entity and a project are one name:
//
//   digits of the default entity   <->  digits
//   team/digits                    <->  team:digits
//   its artifact model             <->  team:digits/model, whose version v0 is 1.0.0
//
// Ids contain what they name, so nothing has to be looked up to find it.
import { Buffer } from "node:buffer";
import { filePathProblem, isJsonObject, parsedJson, parseVersion } from "../../../core/kernel.ts";
import type { RunKey } from "../../runs/mlflow/ids.ts";
import { noSuch, wrong } from "./errors.ts";

/** The entity of names without one. */
export const DEFAULT_ENTITY = "default";
/** The project of programs that name none. */
const DEFAULT_PROJECT = "uncategorized";

/** The names of a project, which operations have under one of two names each. */
export interface Project {
  readonly entity?: string;
  readonly project?: string;
  readonly entityName?: string;
  readonly projectName?: string;
}

export function nameOfProject(
  { entityName, entity = entityName, projectName, project = projectName ?? DEFAULT_PROJECT }:
    Project,
): string {
  if (/[/:]/.test(project) || /[/:]/.test(entity ?? "")) {
    throw wrong("names of entities and projects have no / and :");
  }
  return entity === undefined || entity === DEFAULT_ENTITY ? project : `${entity}:${project}`;
}

export function projectOf(name: string): { entity: string; project: string } {
  const [, entity = DEFAULT_ENTITY, project = name] = /^([^:]+):([^]*)$/.exec(name) ?? [];
  return { entity, project };
}

/** Returns the name of the artifacts of a collection. */
export function nameOfCollection(project: string, collection: string): string {
  if (/[/:]/.test(collection)) throw wrong("names of artifacts have no / and :");
  return `${project}/${collection}`;
}

/** Returns the number of a version: 0 of 1.0.0. */
export function indexOf(version: string): number {
  return parseVersion(version).semver.major - 1;
}

/** Returns the ref of a version: `1.0.0` of `v0`, and an alias as it is. */
export function versionOf(alias: string): string {
  const [, index] = /^v(\d{1,15})$/.exec(alias) ?? [];
  return index === undefined ? alias : `${Number(index) + 1}.0.0`;
}

/** Returns an id: base64, which clients decode. */
export function idOf(kind: string, ...parts: readonly string[]): string {
  const text = Buffer.from(JSON.stringify([kind, ...parts]));
  return Buffer.concat([text, Buffer.alloc((3 - text.length % 3) % 3, " ")]).toString("base64");
}

/** Returns an id as a part of a path. */
export function inPath(id: string): string {
  return id.replaceAll("+", "-").replaceAll("/", "_");
}

/** Returns the path of a file as a part of a URL. */
export function urlPath(path: string): string {
  if (!path.isWellFormed()) throw wrong(`Invalid path ${JSON.stringify(path.slice(0, 100))}`);
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Returns why a file of a client cannot have a path; undefined if it can. */
export function pathProblem(path: string): string | undefined {
  if (path.startsWith(".wandb/")) return "files in .wandb are those of the service";
  return filePathProblem(path);
}

/** Returns the parts of an id. Throws `NotFound` for another one. */
export function partsOfId(kind: string, id: string, count = 2): string[] {
  try {
    const [own, ...parts] = JSON.parse(Buffer.from(id, "base64").toString());
    const isWhole = parts.length === count &&
      parts.every((part: unknown) => typeof part === "string");
    if (own === kind && isWhole && inPath(idOf(kind, ...parts)) === inPath(id)) return parts;
  } catch {
    // not JSON
  }
  throw noSuch(`${kind} ${id.slice(0, 200)} not found`);
}

export function runId({ name, id }: RunKey): string {
  return idOf("Run", name, id);
}

export function parseRun(id: string): RunKey {
  const [name = "", own = ""] = partsOfId("Run", id);
  return runKey(name, own);
}

/** Returns a run. Ids with `~` and a number are those of its later versions. */
export function runKey(name: string, id: string): RunKey {
  if (/~\d+$/.test(id) || /[/\\#?%:]/.test(id)) {
    throw wrong(`Invalid run id: ${JSON.stringify(id.slice(0, 100))}`);
  }
  return { name, id };
}

/** The JSON of a project. */
export function projectJson(name: string) {
  const { entity, project } = projectOf(name);
  return {
    __typename: "Project",
    id: idOf("Project", name),
    internalId: idOf("Project", name),
    name: project,
    entity: { id: idOf("Entity", entity), name: entity },
  };
}

/** Returns the object in a text of JSON; an empty one for anything else. */
export function objectIn(json = "", parse: (json: string) => unknown = parsedJson) {
  const value = parse(json);
  return isJsonObject(value) ? value : {};
}
