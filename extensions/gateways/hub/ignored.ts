// Files that a `.gitignore` leaves out of a commit. Clients send its text, and rely on the answer.
import { filePathProblem, inTurns, type RegistryError, unsupported } from "../../../core/kernel.ts";
import type { ReadablePages } from "../../../apps/gateways.ts";
import { fileAt } from "../../../apps/server/extending.ts";

const NAME = ".gitignore";
/** Limits of a `.gitignore`. Matching slows down steeply with each `*`. */
const MOST_BYTES = 64 * 1024, MOST_LINES = 1000, MOST_STARS = 3;
/** Paths with a longer segment are skipped: the commit refuses them. */
const MOST_SEGMENT = 255;

/** Returns the text of the file in the latest version, as the Hub does for clients that send none. */
export async function gitIgnoreOf(base: ReadablePages | undefined): Promise<string> {
  const file = base && await fileAt(base, NAME);
  if (file === undefined || file.info.size > MOST_BYTES) return "";
  return new TextDecoder().decode(await file.bytes());
}

/** Returns the paths that the text excludes. Throws for a text that would take too long to match. */
export async function ignoredAmong(
  files: readonly { path: string }[],
  text: string,
): Promise<Set<string>> {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).filter((line) =>
    /^(?!#).*\S/.test(line)
  );
  const ignoredPaths = new Set<string>();
  if (lines.length === 0) return ignoredPaths;
  const problem = text.length > MOST_BYTES || lines.length > MOST_LINES
    ? `it has more than ${MOST_LINES} lines, or ${MOST_BYTES} characters`
    : lines.some((line) => (line.match(/\*+/g)?.length ?? 0) > MOST_STARS)
    ? `a line has more than ${MOST_STARS} groups of *`
    : undefined;
  if (problem !== undefined) throw notRead(problem);
  const { createPatterns } = await import("../../../materializers/path/ignore_rules.ts");
  const patterns = createPatterns(lines);
  for await (const { path } of inTurns(files, 10)) {
    const isLong = path.split("/").some(({ length }) => length > MOST_SEGMENT);
    if (isLong || filePathProblem(path, false) !== undefined) continue; // the commit refuses it
    if (patterns.test(path) === "matched") ignoredPaths.add(path);
  }
  return ignoredPaths;
}

function notRead(state: string): RegistryError {
  const hint = "Shorten it, or leave files out with ignore_patterns.";
  return unsupported("apply", JSON.stringify(NAME), state, { hint });
}
