// Problems of a configuration, collected with their positions and hints.
import { invalid, type RegistryError, valueAt } from "../../../core/kernel.ts";
import { type Path, pathText, type Place } from "./node.ts";

/** A problem of a configuration. */
export interface ConfigProblem {
  /** File name; undefined for the definition of a program, like `line` and `column`. */
  file?: string;
  /** From 1. */
  line?: number;
  /** From 1, in characters. */
  column?: number;
  /** Location in the configuration: `pipeline.operators[2].timeout`; empty for all of it. */
  path: string;
  message: string;
  hint: string;
}

export interface ProblemList {
  readonly count: number;
  add(place: Place, problem: { path?: Path; message: string; hint: string }): void;
  list(): ConfigProblem[];
}

export function createProblemList(): ProblemList {
  const problems: { place: Place; path: string; message: string; hint: string; order: number }[] =
    [];
  const files = new Map<Place["source"], number>();
  return {
    get count() {
      return problems.length;
    },
    add(place, { path, message, hint }) {
      if (!files.has(place.source)) files.set(place.source, files.size);
      problems.push({ place, path: pathText(path), message, hint, order: problems.length });
    },
    list() {
      const sorted = problems.toSorted((a, b) =>
        valueAt(files, a.place.source) - valueAt(files, b.place.source) ||
        a.place.offset - b.place.offset || a.order - b.order
      );
      return sorted.map(({ place, path, message, hint }) => ({
        ...positionOf(place),
        path,
        message,
        hint,
      }));
    },
  };
}

function positionOf({ source, offset }: Place): Pick<ConfigProblem, "file" | "line" | "column"> {
  if (source.file === undefined) return {};
  const before = source.text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line++;
  return { file: source.file, line, column: offset - lineStart + 1 };
}

/** Formats a problem as one line, `pipeline.yaml:3:5: …`, without its hint. */
function problemLine({ file, line, column, path, message }: ConfigProblem): string {
  const place = file === undefined ? path : `${file}:${line}:${column}`;
  return place === "" ? message : `${place}: ${message}`;
}

/** Maximum number of problems in the message of an error; {@linkcode problemsOf} returns all. */
const MAX_LISTED = 20;

/** Creates the `Invalid` error of a configuration (`what`: a file, a folder) with problems. */
export function problemsError(what: string, problems: readonly ConfigProblem[]): RegistryError {
  const listed = problems.slice(0, MAX_LISTED).map(problemLine);
  if (problems.length > MAX_LISTED) listed.push(`… and ${problems.length - MAX_LISTED} more`);
  const lines = listed.map((line) => `  ${line}`).join("\n");
  const state = problems.length === 1 ? `${listed[0]}` : `${problems.length} mistakes\n${lines}`;
  return invalid("use the pipeline", what, state, { hint: problems[0]?.hint, cause: problems });
}

/**
 * Returns the problems of an error of `loadPipeline`, `parsePipeline` or `definePipeline`; none for
 * other errors.
 */
export function problemsOf(error: unknown): readonly ConfigProblem[] {
  const cause = error instanceof Error ? error.cause : undefined;
  return Array.isArray(cause) ? cause as ConfigProblem[] : [];
}
