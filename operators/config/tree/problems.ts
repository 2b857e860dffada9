// What is wrong with a configuration: told all at once, each with its place and what to do.
import { RegistryError } from "../../../core/errors.ts";
import { type Path, pathText, type Place } from "./node.ts";

/** One thing that is wrong. */
export interface ConfigProblem {
  /** The file, as it was named; undefined for what a program gave. */
  file?: string;
  /** Its line, from 1; undefined for what a program gave. */
  line?: number;
  /** The character in that line, from 1. */
  column?: number;
  /** Where it is in the configuration: `pipeline.operators[2].timeout`; empty for all of it. */
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
        files.get(a.place.source)! - files.get(b.place.source)! ||
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

/** A problem as one line: `pipeline.yaml:3:5: …`, without its hint. */
export function problemLine({ file, line, column, path, message }: ConfigProblem): string {
  const place = file === undefined ? path : `${file}:${line}:${column}`;
  return place === "" ? message : `${place}: ${message}`;
}

/** How many problems the message of an error tells; {@linkcode problemsOf} gives all. */
const MAX_TOLD = 20;

/**
 * The error of a configuration with problems: `Invalid`.
 *
 * @param what the configuration: a file, a folder
 */
export function problemsError(what: string, problems: readonly ConfigProblem[]): RegistryError {
  const told = problems.slice(0, MAX_TOLD).map((problem) => problemLine(problem));
  const more = problems.length > MAX_TOLD ? [`… and ${problems.length - MAX_TOLD} more`] : [];
  const one = problems.length === 1;
  return new RegistryError({
    code: "Invalid",
    message: `Cannot use the pipeline ${what}: ` +
      (one
        ? told[0]
        : `${problems.length} mistakes\n${
          [...told, ...more].map((line) => `  ${line}`).join("\n")
        }`),
    hint: problems[0].hint,
    cause: problems,
  });
}

/**
 * The problems that an error of a configuration tells; none for another error.
 *
 * @param error what `loadPipeline`, `parsePipeline` or `definePipeline` threw
 */
export function problemsOf(error: unknown): readonly ConfigProblem[] {
  const cause = error instanceof Error ? error.cause : undefined;
  return Array.isArray(cause) ? cause as ConfigProblem[] : [];
}
