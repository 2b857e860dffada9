// Files of variables, such as `.env` and `s3_aksk.env`. `@std/dotenv` reads each value on its own, in
// quotes: of a value without them it would expand any `$`, and cut it at any `#`. `${NAME}` is never
// a variable of the environment, which a file that somebody else wrote could send to an endpoint.
import { parse } from "@std/dotenv";
import { invalid } from "../errors.ts";
import { shown } from "../naming/names.ts";

/** The variables of a file. */
export interface VariablesFile {
  /** The names, in the order of their first lines. */
  readonly names: readonly string[];
  /**
   * Returns a value; undefined if there is none.
   *
   * @throws {RegistryError} `Invalid` if its line cannot be read, or needs an unknown variable
   */
  valueOf(name: string): string | undefined;
}

interface Line {
  value: string;
  problem?: string;
  /** The hint, if the usual one does not fix the problem. */
  hint?: string;
}

/** Lines that each repeat the one above ten times would take gigabytes. */
const MOST_EXPANDED = 64 * 1024;

const BEGIN = /[^\S\r\n]*(?:export[^\S\r\n]+)?([^=#\s]+)[^\S\r\n]*=/y;
const QUOTED = /[^\S\r\n]*('[^']*'|"[^"]*")(?=[^\S\r\n]*(?:#|[\r\n]|$))/y;
const REST_OF_LINE = /([^\r\n]*)(?:\r\n|\n|\r|$)/y;

/** Reads the text of a file; errors name its path. */
export function parseVariables(text: string, path: string): VariablesFile {
  const lines = new Map<string, Line>();
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < text.length) {
    const name = next(BEGIN)?.[1];
    const quoted = name === undefined ? undefined : next(QUOTED)?.[1];
    const rest = next(REST_OF_LINE)![1]!;
    if (name === undefined) continue;
    const line = quoted === undefined ? readPlain(rest) : { value: valueOf(quoted) };
    lines.set(name, quoted?.startsWith("'") ? line : expand(line, lines));
  }
  return {
    names: [...lines.keys()],
    valueOf: (name) => {
      const line = lines.get(name);
      if (line?.problem === undefined) return line?.value;
      throw invalid(`read ${name} from`, shown(path), line.problem, {
        hint: line.hint ?? "Put the value into single quotes to keep it as it is.",
      });
    },
  };
}

function readPlain(text: string): Line {
  const value = text.replace(/\s#[^]*/, "").trim();
  if (/^['"]/.test(value)) {
    return { value: "", problem: "its quotes are not closed at the end of the line" };
  }
  if (!value.includes("'")) return { value: valueOf(`'${value}'`) };
  const isKept = !/"|\\[nrt]/.test(value);
  if (isKept) return { value: valueOf(`"${value}"`) };
  const problem = "it has a single quote, and a double one or a backslash";
  return {
    value: "",
    problem,
    hint: "Set the variable in the environment, or choose a value that quotes can hold.",
  };
}

function valueOf(quoted: string): string {
  return parse(`VALUE=${quoted}`).VALUE ?? "";
}

/** Replaces `${NAME}` and `${NAME:-default}` by the values of the lines above. */
function expand(line: Line, above: ReadonlyMap<string, Line>): Line {
  let { problem } = line;
  let length = 0;
  const value = line.value.replace(/\$\{([^{}:]*)(?::-([^{}]*))?\}/g, (_, name, otherwise) => {
    const other = above.get(name);
    length += other?.value.length ?? 0;
    if (length > MOST_EXPANDED) {
      problem ??= `it has more than ${MOST_EXPANDED} characters of other lines`;
      return "";
    }
    if (other !== undefined) problem ??= other.problem;
    else if (otherwise === undefined) problem ??= `no line above it sets ${name}`;
    return other?.value ?? otherwise ?? "";
  });
  return { ...line, value, problem };
}
