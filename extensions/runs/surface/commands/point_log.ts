// The points of a program that is read through a pipe. The log outlives that program: neither a store
// that does not answer, nor a run that has ended, nor a reader that has left stops it.
import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { aborted, formatCount, toReportable } from "../../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import { fault, isRegistryError, retold, shellWord } from "../../../../core/kernel.ts";
import type { Run } from "../../mod.ts";
import { KeptFile } from "./kept_file.ts";
import { linesOf, pointOf } from "./point_lines.ts";

/** Points after which a long input waits until they are stored: it is read faster than that. */
const CHECKED = 20_000;
/** How long it waits then. A program must not wait longer for a store that is away. */
const PATIENCE_MS = 5_000;
/** Characters of points that wait in memory. */
const MOST_WAITING = 64 * 1024 * 1024;
/** Time between two attempts to open the run. */
const OPENED_AGAIN_MS = 60_000;
const NEWLINE = Buffer.from("\n");

export interface PointLogOptions {
  name: string;
  id?: string;
  /** The words of the command line for parameters and tags. */
  words: readonly string[];
  open(): Promise<Run>;
}

export interface LoggedPoints {
  run: Run;
  points: number;
  refused: number;
}

export class PointLog {
  readonly #context: CommandContext;
  readonly #options: PointLogOptions;
  readonly #beganMs: number;
  #triedMs: number;
  #run?: Run;
  /** Why points are kept in a file, or printed if there is none. */
  #failure?: { error: unknown };
  #file?: KeptFile;
  /** A file whose points are sent now. */
  #resent?: string;
  #isAbandoned = false;
  /** Why a line could not be printed, or a point not kept. */
  #lost?: { error: unknown };
  #points = 0;
  #refused = 0;
  #kept = 0;
  #unchecked = 0;
  /** Characters since the last check, and since all points were stored. */
  #characters = 0;
  #waiting = 0;

  constructor(context: CommandContext, options: PointLogOptions) {
    this.#context = context;
    this.#options = options;
    this.#beganMs = this.#triedMs = context.io.system.now();
  }

  /** Opens the run. If that fails, points are kept. */
  async begin(): Promise<void> {
    try {
      this.#run = await this.#options.open();
    } catch (error) {
      await this.#keep(error);
    }
  }

  /** Logs the point of a line, or prints the line. */
  async take(line: Buffer): Promise<void> {
    try {
      const found = pointOf(line);
      if (found === undefined) return await this.#print(line);
      const { point, text } = found;
      if (this.#run === undefined) await this.#openAgain(OPENED_AGAIN_MS);
      if (this.#run === undefined) {
        const seconds = (this.#context.io.system.now() - this.#beganMs) / 1000;
        await this.#keepText(Object.hasOwn(point, "_time") ? text : withTime(text, seconds));
      } else {
        this.#run.log(point);
        await this.#checkAfter(text.length);
      }
      this.#points++;
    } catch (error) {
      if (!isRegistryError(error, "Invalid")) throw error;
      if (this.#refused++ === 0) await this.#note(`${error.message}. ${error.hint}`);
      await this.#print(line); // it may be the only word about a failure
    }
  }

  /** Ends the log. Throws if points are kept, or a line could not be printed. */
  async end(): Promise<LoggedPoints> {
    const { signal } = this.#context.io;
    if (this.#run === undefined) await this.#openAgain(0);
    if (this.#run !== undefined && this.#failure === undefined) {
      const isStored = await this.#flush();
      if (!isStored && this.#failure === undefined) await this.#keep(signal.reason);
    }
    await this.#keepMore();
    const hint = await this.#endFiles();
    const failed = this.#failure ?? this.#lost;
    if (failed === undefined) {
      return { run: this.#run!, points: this.#points, refused: this.#refused };
    }
    if (hint === undefined) throw failed.error;
    const error = toReportable(failed.error);
    if (isRegistryError(error)) throw retold(error, { hint, cause: failed.error });
    await this.#note(hint);
    throw error;
  }

  /** Now and then waits until points are stored. */
  async #checkAfter(characters: number): Promise<void> {
    if (this.#failure !== undefined) return await this.#keepMore();
    this.#characters += characters;
    if (++this.#unchecked < CHECKED && this.#characters < MOST_WAITING / 4) return;
    this.#waiting += this.#characters;
    this.#unchecked = this.#characters = 0;
    if (await this.#flush(PATIENCE_MS)) this.#waiting = 0;
    else if (this.#waiting > MOST_WAITING && this.#failure === undefined) {
      await this.#keep(fault({
        code: "Unavailable",
        action: "store points",
        state: "too many wait for the store",
        hint: "Check the store.",
      }));
    }
  }

  /**
   * Returns whether all points are stored in this time. Keeps them if they never can be.
   *
   * @param patienceMs @default as long as the store takes, and some seconds after the run is stopped
   */
  async #flush(patienceMs?: number): Promise<boolean> {
    const { signal, system } = this.#context.io;
    const flushing = this.#run!.flush();
    const late = new AbortController();
    const outOfTime = async () => {
      if (patienceMs === undefined) await aborted(signal);
      await system.sleep(patienceMs ?? PATIENCE_MS, late.signal);
      return false;
    };
    try {
      return await Promise.race([flushing.then(() => true), outOfTime()]);
    } catch (error) {
      if (patienceMs === undefined || isFinal(error)) await this.#keep(error);
      return false;
    } finally {
      flushing.catch(() => {}); // the run tries again
      late.abort();
    }
  }

  /** Keeps what is not stored from now on. */
  async #keep(error: unknown): Promise<void> {
    this.#failure = { error };
    const { name, id = "run" } = this.#options;
    this.#file = await KeptFile.create(this.#context.io.cwd, [name, id]).catch(() => undefined);
    const where = this.#file === undefined ? "printed" : `kept in ${this.#file.path}`;
    const reported = toReportable(error);
    const hint = isRegistryError(reported) ? this.#context.hint(reported) : "";
    const advice = hint ? `\nhint: ${hint}` : "";
    await this.#note(`${reported.message}. Points that are not stored are ${where}${advice}`);
    await this.#keepMore();
  }

  async #keepMore(): Promise<void> {
    if (this.#failure === undefined || this.#run === undefined) return;
    const text = this.#run.abandon();
    if (this.#isAbandoned) return await this.#keepText(text);
    this.#isAbandoned = true;
    // The first line lets the same run take them later.
    const head = text.indexOf("\n") + 1;
    if (!this.#isFinal()) await this.#writeKept(text.slice(0, head));
    await this.#keepText(text.slice(head));
  }

  async #keepText(text: string): Promise<void> {
    const lines = text.split("\n").filter((line) => line !== "");
    this.#kept += lines.length;
    if (await this.#writeKept(lines.map((line) => `${line}\n`).join(""))) return;
    for (const line of lines) await this.#print(Buffer.from(line));
  }

  /** Returns whether text is in the file. */
  async #writeKept(text: string): Promise<boolean> {
    try {
      if (text !== "") await this.#file?.write(text);
      return this.#file !== undefined;
    } catch (error) {
      this.#lost ??= { error };
      return false;
    }
  }

  /** True if the run has ended, or is not as the call asks. */
  #isFinal(): boolean {
    return isFinal(this.#failure?.error);
  }

  /** Tries again to open a run after this time, and sends what is kept since. */
  async #openAgain(afterMs: number): Promise<void> {
    const file = this.#file, nowMs = this.#context.io.system.now();
    if (file === undefined || nowMs - this.#triedMs < afterMs) return;
    this.#triedMs = nowMs;
    try {
      this.#run = await this.#options.open();
    } catch {
      return; // like the first time
    }
    await file.close();
    this.#resent = file.path;
    this.#failure = this.#file = undefined;
    this.#points = this.#kept = 0;
    try {
      for await (const line of linesOf(createReadStream(file.path))) await this.take(line);
    } catch (error) {
      this.#lost ??= { error };
    }
  }

  /** Removes files that are not needed, and returns how the points in the other one are stored. */
  async #endFiles(): Promise<string | undefined> {
    const file = this.#file;
    await file?.close();
    const isKept = this.#failure === undefined || file !== undefined;
    if (isKept && this.#lost === undefined && this.#resent) await unlink(this.#resent);
    if (file === undefined) return undefined;
    if (this.#kept === 0) return void await unlink(file.path);
    const { name, words, id = this.#run?.id } = this.#options;
    const isOther = this.#isFinal(), isNew = this.#run === undefined;
    const line = [
      ...["holdfast", "runs", "log", name],
      ...(isOther || id === undefined ? [] : [id]),
      ...(isNew ? words : []),
    ].map(shellWord);
    const from = `${isNew || isOther ? "<" : "--from"} ${shellWord(file.path)}`;
    const count = formatCount(this.#kept, "point");
    const where = isOther ? "in another run" : "later";
    return `Store ${count} ${where}: ${line.join(" ")} ${from}`;
  }

  async #print(line: Uint8Array): Promise<void> {
    try {
      await this.#context.io.stdout.write(Buffer.concat([line, NEWLINE]));
    } catch (error) {
      this.#lost ??= { error };
    }
  }

  async #note(text: string): Promise<void> {
    await this.#context.note(text).catch(() => {}); // the log goes on without a terminal
  }
}

/** True for failures that come again: the run has ended, or is not as the call asks. */
function isFinal(error: unknown): boolean {
  return isRegistryError(error, "Conflict", "Invalid");
}

/** Adds a time to a JSON object. */
function withTime(text: string, seconds: number): string {
  return text.replace(/^\s*\{\s*(\}?)/, (_, end) => `{"_time":${seconds}${end === "" ? "," : end}`);
}
