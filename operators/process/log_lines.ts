// Output of a process as lines of a log.
import { secretPattern } from "./secret_forms.ts";

export const MAX_LINE = 16_384;

/** Splits output into lines, in bounded memory. Truncates, removes colors, masks secrets. */
export function createLogLines(
  { secrets, onLine }: { secrets: readonly string[]; onLine(line: string): void },
): { write(piece: Uint8Array): void; end(): void } {
  const { pattern, longest } = secretPattern(secrets);
  const kept = MAX_LINE + longest;
  const decoder = new TextDecoder();
  let line = "";
  let dropped = 0;

  function add(text: string): void {
    const room = Math.max(0, kept - line.length);
    line += text.slice(0, room);
    dropped += Math.max(0, text.length - room);
  }

  function flush(): void {
    const text = line.replace(/\r$/, "").replace(CONTROL_SEQUENCES, "")
      .replace(CONTROL_CHARACTERS, "\ufffd");
    // Cut before a secret that may continue in the dropped part.
    const end = Math.min(MAX_LINE, dropped > 0 ? text.length - longest + 1 : text.length);
    let shown = "";
    let from = 0;
    for (const { index, 0: secret } of text.matchAll(pattern)) {
      if (index >= end) break;
      shown += `${text.slice(from, index)}***`;
      from = index + secret.length;
    }
    shown += text.slice(from, end);
    const more = dropped + Math.max(0, text.length - Math.max(from, end));
    onLine(more > 0 ? `${shown}… (${more} more characters)` : shown);
    line = "";
    dropped = 0;
  }

  function take(text: string): void {
    let from = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
      add(text.slice(from, at));
      flush();
      from = at + 1;
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
