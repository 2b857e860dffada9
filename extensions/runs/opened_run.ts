// A run of this program: points are gathered in memory, and sent as parts of its draft.
//
// `log` only adds a line. The first one starts a wait; after it, all lines of that time become one
// part, so no timer runs while nothing is logged, and a program that ends has sent everything. A
// long run waits longer, so that a day has a few thousand parts. A part is sent until it is stored:
// its name has the number of its first point, so a repeat adds it only once.
import { checkMetadata, invalid, isRegistryError, shown } from "../../core/kernel.ts";
import type { Logger, Materializer, Registry, SavedArtifact, System } from "../../mod.ts";
import type { RegistryError } from "../../core/kernel.ts";
import { MOST_PART_FILES } from "../../core/calls/file_limit.ts";
import type { Draft } from "../transfers/mod.ts";
import type {
  FinishStoredRunOptions,
  RunChange,
  RunName,
  RunWriter,
} from "../../core/registry/run.ts";
import { CURVE_FILE } from "./curve_file.ts";
import type { FinishRunOptions, Run, RunValues } from "./run.ts";
import { saveAgainIfChanged } from "../../core/work/source_change.ts";
import { materializerFor } from "../../registry/records.ts";
import { partsOf } from "./kept_points.ts";
import { pointText } from "./point_text.ts";
import { failedPart, PART_CHARACTERS, pointsPart, spokenRun, valuePart } from "./run_parts.ts";

/** The shortest and the longest wait between two parts, milliseconds. */
const LEAST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 30_000;
/** A run has about this number of parts each time that its length grows by a factor of e. */
const PARTS = 600;
/** Characters of all points that wait. */
const MOST_CHARACTERS = 256 * 1024 * 1024;

const FAILED_FILE = "failed.json";
const encoder = new TextEncoder();

export interface OpenedRunParts {
  registry: Registry;
  draft: Draft;
  writer: RunWriter;
  system: System;
  logger: Pick<Logger, "warn">;
  finish(options: FinishStoredRunOptions): Promise<SavedArtifact>;
  update(change: RunChange): Promise<void>;
  /** Characters of all points that wait. @default 256 MiB */
  mostCharacters?: number;
}

export class OpenedRun implements Run {
  readonly name: string;
  readonly id: string;
  readonly writer: RunWriter;
  readonly #parts: OpenedRunParts;
  readonly #spoken: string;
  readonly #beganMs: number;
  readonly #stop = new AbortController();
  #lines: string[] = [];
  #characters = 0;
  /** Points of this writer that are stored. */
  #stored = 0;
  #step: number;
  #leftOut = 0;
  /** Number of points of a part that may have been stored: it is sent again as it was. */
  #begun: number | undefined;
  #isWaiting = false;
  #sending: Promise<void> | undefined;
  /** Why no further point can be stored. */
  #failure: RegistryError | undefined;
  #finished: Promise<SavedArtifact> | undefined;
  #hasEnded = false;
  /** True once the points that wait are kept elsewhere. */
  #isAbandoned = false;
  /** True once `finish` has sent the value: a later point would be in no version. */
  #isClosing = false;
  #value: { value: unknown; materializer: Materializer; part: string } | undefined;

  constructor(run: RunName, parts: OpenedRunParts) {
    this.name = run.name;
    this.id = run.id;
    this.writer = parts.writer;
    this.#parts = parts;
    this.#spoken = spokenRun(run);
    const { points, step = points - 1 } = parts.writer;
    this.#step = step;
    this.#beganMs = parts.system.monotonic();
  }

  log(values: RunValues): void {
    if (this.#hasEnded && !this.#isAbandoned) throw this.#ended("log to");
    if (this.#isClosing) throw this.#ended("log to", "it is being finished");
    const seconds = (this.#parts.system.now() - this.writer.startedAt.getTime()) / 1000;
    const next = { step: this.#step + 1, seconds };
    const { step, line } = pointText(values, { next, spoken: this.#spoken });
    this.#step = step;
    const { mostCharacters = MOST_CHARACTERS } = this.#parts;
    if (this.#characters + line.length > mostCharacters) return this.#leaveOut();
    this.#lines.push(line);
    this.#characters += line.length;
    const isSent = this.#failure === undefined && !this.#hasEnded;
    if (isSent && !this.#isWaiting) void this.#sendLater();
  }

  #leaveOut(): void {
    if (this.#leftOut++ > 0) return;
    const state = "too many wait for the store";
    this.#parts.logger.warn(`Points of ${this.#spoken} are left out: ${state}`);
  }

  /** Sends what is logged after a wait, until nothing is left. Never throws. */
  async #sendLater(): Promise<void> {
    const { system, logger } = this.#parts;
    const { signal } = this.#stop;
    this.#isWaiting = true;
    let failures = 0;
    while (!this.#hasEnded && this.#failure === undefined && this.#lines.length > 0) {
      const waitMs = Math.min(this.#waitMs() * 2 ** failures, MOST_WAIT_MS);
      await system.sleep(waitMs, signal).catch(() => {});
      if (this.#hasEnded) break;
      try {
        await this.flush();
        failures = 0;
      } catch (error) {
        const isFinal = this.#failure !== undefined;
        const next = isFinal ? "No later point is stored" : "It is tried again";
        if (failures++ === 0 || isFinal) logger.warn(`${(error as Error).message}. ${next}.`);
      }
    }
    this.#isWaiting = false;
  }

  #waitMs(): number {
    const lengthMs = this.#parts.system.monotonic() - this.#beganMs;
    return Math.min(Math.max(lengthMs / PARTS, LEAST_WAIT_MS), MOST_WAIT_MS);
  }

  async flush(): Promise<void> {
    if (this.#isAbandoned) throw this.#ended("flush");
    await this.#sending?.catch(() => {}); // of points that were logged before
    this.#sending ??= this.#sendAll().finally(() => void (this.#sending = undefined));
    await this.#sending;
  }

  /** Sends the points that are logged by now. A part that failed is sent again as it was. */
  async #sendAll(): Promise<void> {
    for (let rest = this.#lines.length; rest > 0;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasEnded) throw this.#ended("flush");
      const count = this.#begun ?? this.#countOfPart(rest);
      await this.#send(count);
      rest -= count;
    }
  }

  #countOfPart(most: number): number {
    let count = 0, characters = 0;
    while (count < most && characters < PART_CHARACTERS) characters += this.#lines[count++]!.length;
    return count;
  }

  async #send(count: number): Promise<void> {
    const { writer } = this.writer;
    const text = this.#lines.slice(0, count).join("");
    const part = pointsPart(writer, this.#stored, count);
    this.#begun = count;
    try {
      await this.#parts.draft.addPart(part, [{ path: CURVE_FILE, content: encoder.encode(text) }]);
    } catch (error) {
      if (isRegistryError(error, "Conflict", "Invalid")) this.#failure = error;
      throw error;
    }
    if (this.#isAbandoned) return; // they are kept, and stored under the same name
    this.#begun = undefined;
    this.#lines.splice(0, count);
    this.#characters -= text.length;
    this.#stored += count;
  }

  async finish(value?: unknown, options: FinishRunOptions = {}): Promise<SavedArtifact> {
    if (this.#hasEnded && this.#finished === undefined) throw this.#ended("finish");
    checkMetadata(options.metadata ?? {});
    this.#finished ??= this.#finish(value, options);
    try {
      const saved = await this.#finished;
      this.#end();
      return saved;
    } catch (error) {
      this.#finished = undefined; // it can be tried again
      throw error;
    }
  }

  async #finish(value: unknown, { as, ...options }: FinishRunOptions): Promise<SavedArtifact> {
    await this.flush();
    const sent = value === undefined ? {} : await this.#sendValue(value, as, options.signal);
    this.#isClosing = true;
    try {
      await this.flush();
      const { writer } = this.writer;
      return await this.#parts.finish({ ...this.#withLost(options), ...sent, writer });
    } catch (error) {
      this.#isClosing = false;
      throw error;
    }
  }

  /** Adds the number of points that were left out to the metadata. */
  #withLost(options: FinishStoredRunOptions): FinishStoredRunOptions {
    if (this.#leftOut === 0) return options;
    const own = options.metadata?.run as object | undefined;
    const run = { ...own, pointsLeftOut: this.#leftOut };
    return { ...options, metadata: { ...options.metadata, run } };
  }

  async #sendValue(value: unknown, as: Materializer | undefined, signal?: AbortSignal) {
    const { registry, draft, system } = this.#parts;
    const materializer = materializerFor(registry.materializers, this.name, value, as);
    const sent = this.#value;
    const isSent = sent?.value === value && sent?.materializer === materializer;
    const part = sent && isSent ? sent.part : valuePart(materializer, system.id());
    this.#value = { value, materializer, part };
    const save = () => materializer.save(value, { signal, mostFiles: MOST_PART_FILES });
    await saveAgainIfChanged(
      materializer,
      async () => await draft.addPart(part, save(), { signal }),
    );
    return { parts: [part], as: materializer };
  }

  async update(change: RunChange): Promise<void> {
    if (this.#hasEnded) throw this.#ended("update");
    await this.#parts.update(change);
  }

  abandon(): string {
    if (this.#hasEnded && !this.#isAbandoned) throw this.#ended("abandon");
    const { name, id, writer: { writer } } = this;
    const kept = { name, id, writer, first: this.#stored, begun: this.#begun };
    const head = this.#isAbandoned ? "" : `${JSON.stringify({ kept })}\n`;
    this.#isAbandoned = true;
    this.#end();
    const text = head + this.#lines.join("");
    this.#lines = []; // not those of a part that is being sent
    this.#characters = 0;
    return text;
  }

  async restore(lines: Iterable<string> | AsyncIterable<string>): Promise<number> {
    if (this.#hasEnded) throw this.#ended("restore");
    let points = 0;
    // The parts are the same each time, and the first one is the same that may have been stored.
    for await (const { part, text, count } of partsOf(lines, this)) {
      await this.#parts.draft.addPart(part, [{ path: CURVE_FILE, content: encoder.encode(text) }]);
      points += count;
    }
    return points;
  }

  async fail(reason: string): Promise<void> {
    checkReason(this, reason);
    if (this.#hasEnded) throw this.#ended("fail");
    await this.flush();
    const part = failedPart(this.writer.writer);
    await this.#parts.draft.addPart(part, [failedFile(reason)]);
    this.#end();
  }

  async close(): Promise<void> {
    if (this.#hasEnded) return;
    await this.flush();
    this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#stop.abort();
  }

  /** Never throws: the error of the program would be hidden. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    try {
      await this.fail("its program ended it without `finish`");
    } catch (error) {
      const lost = this.#lines.length;
      const points = lost === 0 ? "" : `. Points that are not stored: ${lost}`;
      this.#parts.logger.warn(`${(error as Error).message}${points}`);
      this.#end();
    }
  }

  #ended(action: string, state = "it has ended"): RegistryError {
    return invalid(action, this.#spoken, state, {
      hint: `Open it again, or another run: openRun(registry, ${shown(this.name)}).`,
    });
  }
}

/** Returns the file that says why a run failed. */
function failedFile(reason: string): { path: string; content: Uint8Array<ArrayBuffer> } {
  return { path: FAILED_FILE, content: encoder.encode(JSON.stringify({ reason })) };
}

function checkReason(run: RunName, reason: string): void {
  if (typeof reason === "string" && reason.isWellFormed()) return;
  throw invalid("fail", spokenRun(run), "its reason is not a string", {
    hint: 'Write run.fail("out of memory").',
  });
}
