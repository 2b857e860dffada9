// Files of variables, such as `.env` and `s3_aksk.env`, read alike on every runtime and in every
// package. The rules are those of python-dotenv, with two exceptions for files with secrets: single
// quotes keep `${NAME}` as it is, and `${NAME}` is never a variable of the environment, which a
// file that somebody else wrote could send to an endpoint of its own.
import { invalid } from "../errors.ts";
import { shown } from "../naming/names.ts";

/** The variables of a file. */
export interface VariablesFile {
  /** The names, in the order of their first lines. */
  readonly names: readonly string[];
  /**
   * Returns a value; undefined if there is none.
   *
   * @throws {RegistryError} `Invalid` if its line has no closing quote or needs an unknown variable
   */
  valueOf(name: string): string | undefined;
}

interface Line {
  value: string;
  /** True if `${NAME}` is expanded. */
  expands: boolean;
  problem?: string;
}

const ASSIGNMENT = new RegExp(
  String.raw`\s*(?:export[^\S\r\n]+)?(?<name>[^=#\s]+)[^\S\r\n]*=(?:` +
    String.raw`[^\S\r\n]*'(?<single>(?:\\[^]|[^'\\])*)'|` +
    String.raw`[^\S\r\n]*"(?<double>(?:\\[^]|[^"\\])*)"|` +
    String.raw`(?![^\S\r\n]*['"])(?<plain>[^\r\n]*))` +
    String.raw`[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|$)`,
  "y",
);
const REST_OF_LINE = /\s*(?:(?:export[^\S\r\n]+)?([^=#\s]+)[^\S\r\n]*=)?[^\r\n]*(?:\r\n|\n|\r|$)/y;
const ESCAPED: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Reads the text of a file; errors name its path. */
export function parseVariables(text: string, path: string): VariablesFile {
  const lines = new Map<string, Line>();
  let at = 0;
  while (at < text.length) {
    const { name, line, end } = readLine(text, at);
    at = end;
    if (name === undefined) continue;
    if (line.expands) line.value = expand(line, lines);
    lines.set(name, line);
  }
  return {
    names: [...lines.keys()],
    valueOf: (name) => {
      const line = lines.get(name);
      if (line?.problem === undefined) return line?.value;
      throw invalid(`read ${name} from`, shown(path), line.problem, {
        hint: "Put the value into single quotes to keep it as it is.",
      });
    },
  };
}

function readLine(text: string, at: number): { name?: string; line: Line; end: number } {
  ASSIGNMENT.lastIndex = at;
  const groups = ASSIGNMENT.exec(text)?.groups;
  if (groups === undefined) {
    REST_OF_LINE.lastIndex = at;
    const name = REST_OF_LINE.exec(text)?.[1];
    const problem = "its quotes are not closed at the end of the line";
    return { name, line: { value: "", expands: false, problem }, end: REST_OF_LINE.lastIndex };
  }
  const { name, single, double, plain = "" } = groups;
  const line = single !== undefined
    ? { value: single.replace(/\\([\\'])/g, "$1"), expands: false }
    : double !== undefined
    ? { value: double.replace(/\\([\\'"abfnrtv])/g, (_, c) => ESCAPED[c] ?? c), expands: true }
    : { value: plain.replace(/\s#[^]*/, "").trim(), expands: true };
  return { name, line, end: ASSIGNMENT.lastIndex };
}

/** Replaces `${NAME}` and `${NAME:-default}` by the values of the lines above. */
function expand(line: Line, above: ReadonlyMap<string, Line>): string {
  return line.value.replace(/\$\{([^{}:]*)(?::-([^{}]*))?\}/g, (_, name, otherwise) => {
    const other = above.get(name);
    if (other !== undefined) line.problem ??= other.problem;
    else if (otherwise === undefined) line.problem ??= `no line above it sets ${name}`;
    return other?.value ?? otherwise ?? "";
  });
}
