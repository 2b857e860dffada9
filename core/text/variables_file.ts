// Files of variables, such as `.env` and `s3_aksk.env`, with the values that python-dotenv reads.
// `@std/dotenv` reads each part of a value on its own, in quotes: it would expand any `$`, cut at any
// `#`, and knows fewer escapes. `${NAME}` is never a variable of the environment, which a file that
// somebody else wrote could send to an endpoint.
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
}

/** Lines that each repeat the one above ten times would take gigabytes. */
const MOST_EXPANDED = 64 * 1024;

const BEGIN = /\s*(?:export[^\S\r\n]+)?(?:'([^']+)'|(?!')([^=#\s]+))?[^\S\r\n]*(=)?/y;
const VALUE =
  /[^\S\r\n]*(?:'((?:\\[^]|[^'\\])*)'|"((?:\\[^]|[^"\\])*)")|(?![^\S\r\n]*['"])([^\r\n]*)/y;
const END = /(?:[^\S\r\n]*#[^\r\n]*)?[^\S\r\n]*(?:\r\n|\n|\r|$)/y;
const REST_OF_LINE = /[^\r\n]*(?:\r\n|\n|\r|$)/y;
const ESCAPES = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

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
    const [, quoted, plain, sign] = next(BEGIN)!;
    const name = quoted ?? plain;
    const value = name === undefined || sign === undefined ? null : next(VALUE);
    const isWhole = name !== undefined && next(END) !== null;
    if (!isWhole) next(REST_OF_LINE);
    if (name === undefined) continue;
    if (value !== null && isWhole) lines.set(name, expand(readValue(value), lines));
    else if (sign !== undefined) {
      const problem = "its quotes are not closed at the end of the line";
      lines.set(name, { value: "", problem });
    } else if (isWhole) lines.delete(name);
  }
  return {
    names: [...lines.keys()],
    valueOf: (name) => {
      const line = lines.get(name);
      if (line?.problem === undefined) return line?.value;
      throw invalid(`read ${name} from`, shown(path), line.problem, {
        hint: "Fix its line, or set the variable in the environment, which keeps any value.",
      });
    },
  };
}

/** Returns the value that a match of `VALUE` has. */
function readValue([, single, double, plain = ""]: readonly (string | undefined)[]): string {
  const value = single?.replace(/\\([\\'])/g, "$1") ??
    double?.replace(/\\([\\'"abfnrtv])/g, (_, char) => ESCAPES[char as "n"] ?? char) ??
    plain.replace(/\s#[^]*/, "").trim();
  return value.split(/([\r\n']+)/).map((part) => {
    const quoted = part.replaceAll("\n", "\\n").replaceAll("\r", "\\r");
    return parse(/[\r\n']/.test(part) ? `PART="${quoted}"` : `PART='${part}'`).PART;
  }).join("");
}

/** Replaces `${NAME}` and `${NAME:-default}` by the values of the lines above. */
function expand(text: string, above: ReadonlyMap<string, Line>): Line {
  let problem: string | undefined;
  let length = 0;
  const pattern = /\$\{([^}:]*)(?::-([^}]*))?(\}|:|$)/g;
  const value = text.replace(pattern, (written, name, otherwise, end) => {
    if (end !== "}") return written;
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
  return { value, problem };
}
