// Lines of an import with --json.

/** Returns the problems and the report, without the lines of what was imported. */
// deno-lint-ignore no-explicit-any
export function reportLines(out: string): any[] {
  const lines = out.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return lines.filter(({ action }) => action !== "imported");
}
