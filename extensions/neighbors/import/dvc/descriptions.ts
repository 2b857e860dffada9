// Outputs, parameters and metrics in the files of DVC of a commit:
//
//   data/raw.dvc   outs: [{ path, md5, hash }]
//   dvc.lock       stages: { NAME: { params: { FILE: { KEY: VALUE } }, outs: [{ path, md5, hash }] } }
//   dvc.yaml       stages: { NAME: { wdir, metrics } }, metrics: [FILE], params: [FILE]
//
// Paths are below the folder of the file, or below the `wdir` of their stage.
import { folderOf, joinPath, nameOf, shown } from "../../../../core/kernel.ts";
import type { Counts } from "../counts.ts";
import { isMap, type Plain, PlainList } from "../source_files.ts";

type Members = Readonly<Record<string, Plain>>;

/** A file or a folder that DVC tracks. */
export interface Output {
  /** Below the repository. */
  readonly path: string;
  /** The hash of its bytes, or `….dir`, the hash of the list of its files. */
  readonly md5: string;
  /** True for DVC 1 and 2, whose hashes of texts are those with line feeds alone. */
  readonly isLegacy: boolean;
  /** Its files and bytes, if the description has them. */
  readonly has: Pick<Counts, "files" | "bytes">;
}

export interface Described {
  readonly outputs: Output[];
  readonly params: Map<string, string>;
  /** Paths of files with metrics. */
  readonly metrics: string[];
  /** Paths of files with parameters, which DVCLive lists. */
  readonly paramFiles: string[];
}

export function isDescription(path: string): boolean {
  const name = nameOf(path);
  return name === "dvc.lock" || name === "dvc.yaml" || /^[^]+\.dvc$/.test(name);
}

/** Returns the members of all descriptions together. */
export function describedBy(
  files: ReadonlyMap<string, Members>,
  problems: string[],
): Described {
  const described: Described = { outputs: [], params: new Map(), metrics: [], paramFiles: [] };
  for (const [path, content] of files) {
    const folder = folderOf(path), name = nameOf(path);
    if (name === "dvc.yaml") {
      addMetrics(folder, content, described.metrics);
      for (const file of listOf(content.params)) {
        const at = below(folder, file);
        if (at && /\.(json|ya?ml)$/.test(at)) described.paramFiles.push(at);
      }
    } else if (name === "dvc.lock") {
      const stages = membersOf(files.get(joinPath(folder, "dvc.yaml"))?.stages);
      const locked = "stages" in content ? membersOf(content.stages) : content; // DVC 1
      for (const [stage, facts] of Object.entries(locked)) {
        const base = below(folder, wdirOf(stages, stage));
        const { outs, params } = membersOf(facts);
        addOutputs(base, outs, described.outputs, problems);
        for (const [file, values] of Object.entries(membersOf(params))) {
          const at = base === undefined ? file : below(base, file);
          addTexts(described.params, at === "params.yaml" ? "" : `${at ?? file}:`, values);
        }
      }
    } else {addOutputs(
        below(folder, content.wdir ?? "."),
        content.outs,
        described.outputs,
        problems,
      );}
  }
  return described;
}

function addOutputs(
  folder: string | undefined,
  outs: Plain | undefined,
  outputs: Output[],
  problems: string[],
): void {
  for (const out of listOf(outs)) {
    const { path, md5, hash, files, remote, size, nfiles } = membersOf(out);
    const at = folder === undefined ? undefined : below(folder, path ?? "");
    if (at === undefined || at === "" || typeof remote === "string") {
      problems.push(`${shown(String(path))} is not in the repository`);
    } else if (Array.isArray(files)) {
      for (const file of files) {
        const { relpath, md5, size } = membersOf(file);
        const each = below(at, relpath ?? "");
        if (each?.startsWith(`${at}/`) && isMd5(md5)) {
          outputs.push({
            path: each,
            md5,
            isLegacy: false,
            has: countsIn({ files: "1", bytes: size }),
          });
        } else problems.push(`${shown(at)} has a file without a path or an MD5`);
      }
    } else if (isMd5(md5)) {
      const isLegacy = hash !== "md5"; // Git may have changed the ends of its lines
      const ofFolder = md5.endsWith(".dir");
      const has = countsIn({ files: ofFolder ? nfiles : "1", bytes: isLegacy ? null : size });
      outputs.push({ path: at, md5, isLegacy, has });
    } else problems.push(`${shown(at)} has no MD5`);
  }
}

/** Returns the counts that are numbers. */
function countsIn(texts: { files: Plain | undefined; bytes: Plain | undefined }) {
  const entries = Object.entries(texts).flatMap(([kind, text]) =>
    typeof text === "string" && /^\d{1,15}$/.test(text) ? [[kind, Number(text)] as const] : []
  );
  return Object.fromEntries(entries) as Output["has"];
}

function addMetrics(folder: string, content: Members, metrics: string[]): void {
  const add = (base: string | undefined, files: Plain | undefined) => {
    for (const file of listOf(files)) {
      for (const path of typeof file === "string" ? [file] : Object.keys(membersOf(file))) {
        const at = base === undefined ? undefined : below(base, path);
        if (at !== undefined && !metrics.includes(at)) metrics.push(at);
      }
    }
  };
  add(folder, content.metrics);
  const stages = membersOf(content.stages);
  for (const [stage, facts] of Object.entries(stages)) {
    const { metrics, do: each } = membersOf(facts);
    add(below(folder, wdirOf(stages, stage)), metrics ?? membersOf(each).metrics);
  }
}

/** Returns the folder of a stage. `NAME@KEY` is one of several of a stage. */
function wdirOf(stages: Members, stage: string): Plain {
  const facts = membersOf(stages[stage] ?? stages[stage.replace(/@[^]*$/, "")]);
  return facts.wdir ?? membersOf(facts.do).wdir ?? ".";
}

/** Adds the values of a tree, whose keys are joined with dots. The first of a key stays. */
export function addTexts(
  texts: Map<string, string>,
  key: string,
  value: Plain | undefined,
  onTwice?: (key: string) => void,
): void {
  const members = isMap(value) ? Object.entries(value) : [];
  const prefix = key === "" || key.endsWith(":") ? key : `${key}.`;
  for (const [name, each] of members) addTexts(texts, prefix + name, each, onTwice);
  if (members.length > 0 || key === "" || key.endsWith(":") || value === undefined) return;
  if (texts.has(key)) return onTwice?.(key);
  const json = isMap(value) ? "{}" : value instanceof PlainList ? value.json : "null";
  texts.set(key, typeof value === "string" ? value : json);
}

/** Returns a path below a folder of the repository; undefined for a place outside of it. */
export function below(folder: string, path: Plain): string | undefined {
  if (typeof path !== "string" || /^([/\\]|[a-z]:[/\\]|[a-z][a-z0-9+.-]*:\/\/)/i.test(path)) {
    return undefined;
  }
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

export function membersOf(value: Plain | undefined): Members {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function listOf(value: Plain | undefined): Plain[] {
  return Array.isArray(value) ? value : [];
}

export function isMd5(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}(\.dir)?$/.test(value);
}
