// Some lines at the end of a terminal that are drawn again and again, below those that stay.
import { type CliIo, createColors, knownColumns } from "./cli_io.ts";
import { displayWidth, printable } from "./table.ts";

export interface LiveLines {
  /** Whether there are lines that are drawn again: on a terminal only. */
  readonly isLive: boolean;
  print(line: string): void;
  /** Draws the lines again soon, where they may be others now. */
  update(): void;
  /** Removes the lines that do not stay. */
  end(): Promise<void>;
}

/** Drawn again without a reason after so long, milliseconds: time goes on. */
const TICK_MS = 500;
/** At most ten redraws a second, milliseconds. */
const REDRAW_MS = 100;

/**
 * Shows lines until they are ended. Where standard error is no terminal only those that stay are printed.
 *
 * @param io where they are shown
 * @param lines what is shown now; each is cut at the width of the terminal
 */
export function showLiveLines(io: CliIo, lines: () => readonly string[]): LiveLines {
  const { stderr, system } = io;
  const isLive = stderr.isTerminal && system.env("TERM") !== "dumb";
  const { dim } = createColors(stderr, io);
  const over = new AbortController();
  let written: Promise<void> = Promise.resolve();
  let drawn = 0;
  let drawnAt = -Infinity;
  const write = (text: string) => void (written = written.then(() => stderr.write(text)));
  const ticking = isLive ? tick() : Promise.resolve();
  // Whoever stops the run is told so on a line of its own: what was drawn before that stays.
  const forget = () => drawn = 0;
  io.signal.addEventListener("abort", forget, { once: true });

  return {
    isLive,
    print: (line) => isLive ? draw([line]) : write(`${line}\n`),
    update() {
      if (isLive && system.monotonic() - drawnAt >= REDRAW_MS) draw([]);
    },
    async end() {
      over.abort();
      io.signal.removeEventListener("abort", forget);
      await ticking;
      if (drawn > 0) write(erased());
      drawn = 0;
      await written;
    },
  };

  async function tick(): Promise<void> {
    while (await system.sleep(TICK_MS, over.signal).then(() => true, () => false)) draw([]);
  }

  /** The cursor is behind the last line that was drawn. */
  function erased(): string {
    return drawn === 0 ? "" : `${drawn > 1 ? `\x1b[${drawn - 1}A` : ""}\r\x1b[J`;
  }

  function draw(staying: readonly string[]): void {
    drawnAt = system.monotonic();
    const width = (knownColumns(stderr) ?? 80) - 1;
    const now = lines().map((line) => dim(cutEnd(printable(line), width)));
    write(erased() + staying.map((line) => `${line}\n`).join("") + now.join("\n"));
    drawn = now.length;
  }
}

export function cutEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cut = "";
  let used = 0;
  for (const char of text) {
    used += displayWidth(char);
    if (used > width - 1) break;
    cut += char;
  }
  return `${cut}…`;
}
