// Points that a writer could not send, as text: a line about the writer, then the points. They are
// sent later as the same parts, so that points which were stored meanwhile are not stored again.
import type { RunName } from "../../core/registry/run.ts";
import { parseRunPart, PART_CHARACTERS, pointsPart, spokenRun } from "./run_parts.ts";
import { invalid, isJsonObject, parsedJson } from "../../core/kernel.ts";

interface KeptPoints {
  writer: string;
  /** Number of its points that were stored before. */
  first: number;
  /** Number of points of a part that may have been stored. */
  begun?: number;
}

interface KeptPart {
  part: string;
  text: string;
  /** Number of its points. */
  count: number;
}

/** Yields parts for the draft of a run. Lines that are not whole are left out. */
export async function* partsOf(
  lines: Iterable<string> | AsyncIterable<string>,
  { name, id }: RunName,
): AsyncGenerator<KeptPart> {
  let kept: KeptPoints | undefined;
  let text = "", count = 0;
  const take = (): KeptPart => {
    const { writer, first } = kept!;
    const taken = { part: pointsPart(writer, first, count), text, count };
    kept = { writer, first: first + count };
    text = "";
    count = 0;
    return taken;
  };
  for await (const line of lines) {
    if (kept === undefined) {
      kept = keptPoints(line, { name, id });
      continue;
    }
    if (!isWhole(line)) continue;
    text += `${line.trimEnd()}\n`;
    count++;
    const { begun } = kept;
    if (begun === undefined ? text.length >= PART_CHARACTERS : count === begun) yield take();
  }
  if (kept !== undefined && count > 0) yield take();
}

function keptPoints(line: string, run: RunName): KeptPoints {
  try {
    const { kept } = JSON.parse(line);
    const { name, id, writer, first, begun } = kept;
    const isPart = parseRunPart(pointsPart(writer, first, begun ?? 1)) !== undefined;
    if (name === run.name && id === run.id && isPart) return { writer, first, begun };
  } catch {
    // not JSON, or without members
  }
  throw invalid("restore", spokenRun(run), "these are not its kept points", {
    hint: "Pass the lines that `abandon` of this run returned, the first one included.",
  });
}

/** False for the last line of a program that was killed. */
function isWhole(line: string): boolean {
  return isJsonObject(parsedJson(line));
}
