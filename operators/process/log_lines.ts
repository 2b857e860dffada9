// Output of a process as lines of a log.
import type { System } from "../../mod.ts";
import { createSecretFinder, MASK } from "./secret_forms.ts";

export const MAX_LINE = 16_384;

/** Interval of the states of a progress bar that are lines of the log, milliseconds. */
const PROGRESS_MS = 10_000;

interface LogLinesOptions {
  secrets: readonly string[];
  onLine(line: string): void;
  system: Pick<System, "monotonic">;
}

/**
 * Splits output into lines, in bounded memory. Truncates, removes colors, masks secrets. Of a text
 * that a carriage return overwrites, as progress bars do, a state every ten seconds is a line, and
 * the last one.
 */
export function createLogLines(
  { secrets, onLine, system }: LogLinesOptions,
): { write(piece: Uint8Array): void; end(): void } {
  const { find, longest } = createSecretFinder(secrets);
  const maxKept = MAX_LINE + longest;
  const decoder = new TextDecoder();
  let line = "";
  let dropped = 0;
  /** True after a carriage return, which overwrites the line unless a line feed follows. */
  let isReturned = false;
  let shownAt = -Infinity;

  function add(text: string): void {
    if (text === "") return;
    if (isReturned) overwrite();
    const room = Math.max(0, maxKept - line.length);
    line += text.slice(0, room);
    dropped += Math.max(0, text.length - room);
  }

  function flush(): void {
    const text = line.replace(CONTROL_SEQUENCES, "").replace(CONTROL_CHARACTERS, "\ufffd");
    // Cut before a secret that may continue in the dropped part.
    const end = Math.min(MAX_LINE, dropped > 0 ? text.length - longest + 1 : text.length);
    let shown = "";
    let at = 0;
    for (const [from, to] of find(text)) {
      if (from >= end) break;
      shown += text.slice(at, from) + MASK;
      at = to;
    }
    shown += text.slice(at, end);
    const more = dropped + Math.max(0, text.length - Math.max(at, end));
    onLine(more > 0 ? `${shown}… (${more} more characters)` : shown);
    line = "";
    dropped = 0;
    isReturned = false;
  }

  function overwrite(): void {
    isReturned = false;
    const isBlank = line.replace(CONTROL_SEQUENCES, "").trim() === "";
    const now = system.monotonic();
    if (!isBlank && now - shownAt >= PROGRESS_MS) {
      shownAt = now;
      return flush();
    }
    line = "";
    dropped = 0;
  }

  function take(text: string): void {
    let from = 0;
    for (const { index, 0: end } of text.matchAll(/[\r\n]/g)) {
      add(text.slice(from, index));
      from = index + 1;
      if (end === "\n") flush();
      else isReturned = true;
    }
    add(text.slice(from));
  }

  return {
    write: (piece) => take(decoder.decode(piece, { stream: true })),
    end() {
      take(decoder.decode());
      if (line !== "" || dropped > 0) flush();
    },
  };
}

// deno-lint-ignore no-control-regex -- matches colors and cursor movements of terminals
const CONTROL_SEQUENCES = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;
// deno-lint-ignore no-control-regex -- all but the tab
const CONTROL_CHARACTERS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;
