// Stand-in for jsr:@std/dotenv where JSR cannot be reached, of which only `parse` is used. It expands
// variables of values without quotes as the real one does: tests/dev/std/vectors_test.ts has both.
import process from "node:process";

const ASSIGNMENT =
  /^\s*(?:export\s+)?([^\s=#]+?)\s*=[ \t]*(?:'\r?\n?([^']*?)\r?\n?'|"\r?\n?([^"]*?)\r?\n?"|([^\r\n#]*))/gm;
const ESCAPED: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

/** The values of a `.env` text. */
export function parse(text: string): Record<string, string> {
  const found: [name: string, value: string, isPlain: boolean][] = [];
  for (const [, name, single, double, plain] of text.matchAll(ASSIGNMENT)) {
    const value = single ?? double?.replace(/\\([nrt])/g, (_, c) => ESCAPED[c]!) ?? plain!.trim();
    found.push([name!, value, plain !== undefined]);
  }
  const values = Object.fromEntries(found);
  return Object.fromEntries(
    found.map(([name, value, isPlain]) => [name, isPlain ? expand(value, values) : value]),
  );
}

function expand(text: string, values: Record<string, string>): string {
  return text.replace(
    /\$\{(.+?)(?::-(.+))?\}|(?<!\\)\$(\w+)(?::-(.+))?/g,
    (_, braced, other, bare, otherwise) => {
      const name = braced ?? bare;
      const value = values[name] ?? process.env[name] ?? other ?? otherwise;
      return value === undefined ? "undefined" : expand(value, values);
    },
  );
}
