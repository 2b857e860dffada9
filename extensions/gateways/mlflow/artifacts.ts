// Artifacts: files of runs, of logged models, which are runs, too, and of registered versions.
//
//   mlflow-artifacts:/EXPERIMENT/RUN/artifacts/PATH
//   mlflow-artifacts:/versions/NAME/VERSION/PATH
import { Buffer } from "node:buffer";
import type { ArtifactInfo } from "../../../mod.ts";
import { filePathProblem } from "../../../core/kernel.ts";
import type { FileInfo } from "../../../materializers/mod.ts";
import type { ReadablePages } from "../../../apps/gateways.ts";
import { walkFiles } from "../../../apps/server/extending.ts";
import { noSuch, wrong } from "./errors.ts";
import {
  decodeName,
  encodeName,
  experimentName,
  parseRunId,
  type RunKey,
} from "../../runs/mlflow/ids.ts";
import { curveOf } from "../../runs/mlflow/stored_run.ts";

/** Folder of a version with what only MLflow has. */
export const OWN_FOLDER = ".mlflow/";

/** A run or a version, and the path of an artifact or a folder of it. */
export type ArtifactPlace =
  & { readonly path: string }
  & ({ readonly run: RunKey } | { readonly run?: undefined; name: string; version: string });

/** Returns the place of a path of the proxy. Throws `RESOURCE_DOES_NOT_EXIST` for another one. */
export function parsePlace(path: string): ArtifactPlace {
  const [, encoded, version, below = ""] = /^versions\/([^/]+)\/([^/]+)\/?([^]*)$/.exec(path) ?? [];
  const name = encoded && decodeName(encoded);
  if (name !== undefined && version !== undefined) return { name, version, path: below };
  const [, experiment, run, own = ""] = /^([^/]+)\/([^/]+)\/artifacts(?:\/([^]*))?$/.exec(path) ??
    [];
  if (experiment !== undefined && run !== undefined) {
    const key = parseRunId(run);
    if (experimentName(experiment) === key.name) return { run: key, path: own.replace(/\/$/, "") };
  }
  throw noSuch(`No artifacts at '${path.slice(0, 500)}'`);
}

/** Returns where clients find the files of a version. */
export function versionRoot(name: string, version: string): string {
  return `mlflow-artifacts:/versions/${encodeName(name)}/${version}`;
}

/**
 * Throws `INVALID_PARAMETER_VALUE` for a path that MLflow refuses. Its clients do so, too: they would
 * not list a folder with one.
 */
export function checkSafe(path: string): void {
  const decoded = decodedPath(path);
  const isAbsolute = /^\/|^[A-Za-z]:[\\/]|^\\\\/.test(decoded);
  if (isAbsolute || decoded.includes("#") || decoded.split("/").includes("..")) {
    throw wrong("Invalid path");
  }
}

/** An escaped character, which is not a control character. */
const ESCAPE = /(?:%(?:[2-6][0-9a-f]|7[0-9a-e]|[89a-f][0-9a-f]))+/gi;

/** Decodes a path until it stays the same, up to ten times, as MLflow and its clients do. */
export function decodedPath(path: string): string {
  let decoded = path;
  for (let times = 0; times < 10 && decoded.includes("%"); times++) {
    const bytes = (escapes: string) => Buffer.from(escapes.replaceAll("%", ""), "hex");
    decoded = decoded.replace(ESCAPE, (escapes) => `${bytes(escapes)}`);
  }
  return decoded;
}

/** Throws `INVALID_PARAMETER_VALUE` for a path that no artifact can have. */
export function checkPath(path: string): void {
  checkSafe(path);
  const problem = filePathProblem(path);
  if (problem !== undefined) {
    throw wrong(`Invalid artifact path '${path.slice(0, 500)}': ${problem}`);
  }
  if (path.startsWith(OWN_FOLDER)) throw wrong(`Artifact paths below '${OWN_FOLDER}' are reserved`);
}

/** Returns a test that is true for all files of a version except its curve. */
export function isOfValue(
  { metadata }: Pick<ArtifactInfo, "metadata">,
): (file: FileInfo) => boolean {
  const curve = curveOf({ metadata });
  return ({ path }) => path !== curve;
}

/** The artifacts of a run, of a logged model, or of a version. */
export interface Artifacts {
  readonly version: ReadablePages;
  /** Returns false for files that are no artifacts: the curve, and what only this service has. */
  isShown(file: FileInfo): boolean;
}

/** Returns the artifacts of a version. */
export function artifactsOf(version: ReadablePages): Artifacts {
  const isValue = isOfValue(version.info);
  return {
    version,
    isShown: (file) => isValue(file) && !file.path.startsWith(OWN_FOLDER) && file.mode !== "folder",
  };
}

/** An entry of a folder, as MLflow lists it. */
export interface ListedArtifact {
  path: string;
  is_dir: boolean;
  file_size?: number;
}

/** Yields the entries of a folder, with whole paths. A file has none. */
export async function* listFolder(
  { version, isShown }: Artifacts,
  folder: string,
): AsyncGenerator<ListedArtifact> {
  const prefix = folder === "" ? "" : `${folder}/`;
  for await (const { path, file } of walkFiles(version, { prefix, delimiter: "/", isShown })) {
    if (file === undefined) yield { path: path.slice(0, -1), is_dir: true };
    else yield { path, is_dir: false, file_size: file.size };
  }
}
