// Lines at the end of a terminal that are redrawn, below those that stay.
import { type CliIo, createColors, knownColumns } from "./cli_io.ts";
import { cutEnd, printable } from "./table.ts";

/** @internal */
interface LiveLines {
  /** True on a terminal: lines are redrawn. */
  readonly isLive: boolean;
  print(line: string): void;
  /** Returns a line in red, if the terminal has colors. */
  red(line: string): string;
  /** Redraws the lines soon. */
  update(): void;
  /** Removes the redrawn lines. */
  end(): Promise<void>;
}

const TICK_MS = 500;
const REDRAW_MS = 100;

/** Shows the current `lines` below those printed. Without a terminal it only prints. */
export function showLiveLines(io: CliIo, lines: () => readonly string[]): LiveLines {
  const { stderr, system } = io;
  const isLive = stderr.isTerminal && system.env("TERM") !== "dumb";
  const { dim, red } = createColors(stderr, io);
  const ended = new AbortController();
  let written: Promise<void> = Promise.resolve();
  let drawn = 0;
  let drawnAt = -Infinity;
  const write = (text: string) => {
    if (text !== "") written = stderr.write(text);
  };
  const ticking = isLive ? tick() : Promise.resolve();
  // A stopped run prints a message on its own line: the lines above it stay.
  const forget = () => drawn = 0;
  io.signal.addEventListener("abort", forget, { once: true });

  return {
    isLive,
    red,
    print: (line) => isLive ? draw([line]) : write(`${line}\n`),
    update() {
      if (isLive && system.monotonic() - drawnAt >= REDRAW_MS) draw([]);
    },
    async end() {
      ended.abort();
      io.signal.removeEventListener("abort", forget);
      await ticking;
      write(erased());
      drawn = 0;
      await written;
    },
  };

  async function tick(): Promise<void> {
    while (await system.sleep(TICK_MS, ended.signal).then(() => true, () => false)) draw([]);
  }

  /** Returns the codes that erase the lines. The cursor is behind the last one. */
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
