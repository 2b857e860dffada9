// A program that runs beside its test. All that it writes is taken at once, so that it never waits
// for a reader; and code that waits for something that it does gets its output at once, when
// it ends instead.
import { realSystem } from "../../core/system.ts";

export interface Ended {
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
}

export interface WatchedProcess {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<Ended>;
  /** Resolves once it is so. Throws at once where the program ends before, and where it takes three minutes. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  lines(count: number): Promise<string[]>;
  say(line: string): Promise<void>;
  /** Sends a signal. Throws where it has ended. */
  signal(signal: Deno.Signal): void;
  /** Sends a signal, and waits for its end. Throws where it had ended by itself. */
  stop(signal: Deno.Signal): Promise<Ended>;
}

/** How often conditions are looked at that hang on other things than output, which is seen at once. */
const POLL_MS = 10;
/** Far more than a busy machine needs. A longer wait would only delay all other tests. */
const LIMIT_MS = 180_000;

export function watchProcess(child: Deno.ChildProcess): WatchedProcess {
  let stdout = "", stderr = "";
  let over: Ended | undefined;
  let news = Promise.withResolvers<void>();
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers();
  };
  const reading = [
    readText(child.stdout, (text) => {
      stdout += text;
      tell();
    }),
    readText(child.stderr, (text) => {
      stderr += text;
      tell();
    }),
  ];
  const ended = (async () => {
    const { code, signal } = await child.status;
    await Promise.all(reading);
    if (!child.stdin.locked) await child.stdin.abort().catch(() => {}); // nobody reads it any more
    over = { code, signal, stdout, stderr };
    tell();
    return over;
  })();
  const tooEarly = ({ code, signal }: Ended) =>
    new Error(
      `Cannot go on: the program ended by itself with ${
        signal ?? `code ${code}`
      }\n${stdout}${stderr}`,
    );
  const watched: WatchedProcess = {
    pid: child.pid,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    ended,
    async until(condition) {
      const startedAt = realSystem.monotonic();
      for (;;) {
        const { promise: heard } = news;
        if (await condition()) return;
        if (over !== undefined) throw tooEarly(over);
        if (realSystem.monotonic() - startedAt > LIMIT_MS) {
          throw new Error(
            `Cannot go on: the program did not do it within ${LIMIT_MS} ms\n${stdout}${stderr}`,
          );
        }
        await pause(heard);
      }
    },
    async lines(count) {
      const printed = () => stdout.split("\n").slice(0, -1);
      await watched.until(() => printed().length >= count);
      return printed();
    },
    async say(line) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(`${line}\n`));
      await writer.close();
    },
    signal(signal) {
      try {
        child.kill(signal);
      } catch { /* it has ended */ }
    },
    async stop(signal) {
      try {
        child.kill(signal);
      } catch {
        throw tooEarly(await ended);
      }
      return await ended;
    },
  };
  return watched;
}

/** Waits for output, and not for long. */
async function pause(heard: Promise<void>): Promise<void> {
  const over = new AbortController();
  const poll = realSystem.sleep(POLL_MS, over.signal).catch(() => {});
  await Promise.race([heard, poll]);
  over.abort();
}

async function readText(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  hear: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) hear(text);
}
