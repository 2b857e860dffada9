// The threads of one call, which verify pieces of large files. They start with the first piece, and
// lose nothing when they end: the caller's thread reads again what they did not do.
import { isGranted, realSystem, type System } from "../../core/system.ts";
import type { FilePiece } from "../../core/artifact.ts";
import { startThread, type Thread } from "./threads.ts";
import { LAST_ID, type PieceReport, type PieceTask } from "./piece_task.ts";

/** A thread is lost if it reports nothing for so long, at most twice as long. */
const SILENT_MS = 30_000;
/** A thread that is asked to end may write one block. */
const LAST_MS = 2_000;

export class PieceThreads {
  readonly #system: System;
  #threads: PieceThread[] = [];
  #done = 0;
  #failed = 0;
  #isEnded = false;
  #ending?: Promise<unknown>;

  constructor(system: System = realSystem) {
    this.#system = system;
  }

  /**
   * Writes a piece into a file that exists. False if it is still to be written.
   *
   * @param piece.isNew nothing was written there, so that zeros are left out
   */
  async write(path: string, piece: FilePiece & { isNew: boolean }): Promise<boolean> {
    return await this.#run(piece, { path, at: piece.offset, isNew: piece.isNew });
  }

  /** True if the bytes of a piece are right. False if they are still to be read. */
  async check(piece: FilePiece): Promise<boolean> {
    return await this.#run(piece);
  }

  async #run({ direct }: FilePiece, to?: PieceTask["to"]): Promise<boolean> {
    if (direct === undefined || this.#isEnded || !mayStart()) return false;
    if (this.#failed > this.#done) return false; // a store that threads cannot read
    const url = await direct.url();
    if (url === undefined || this.#isEnded) return false;
    const { from } = direct;
    const thread = this.#freest(direct.threads);
    const onBytes = (bytes: number) => to && direct.onWritten(bytes);
    const isDone = await thread.run({ url, from, to, chunks: direct.chunks() }, onBytes);
    if (isDone) this.#done++;
    else this.#failed++;
    return isDone;
  }

  /** Returns the thread with the fewest pieces. Starts new ones instead of those that were lost. */
  #freest(count: number): PieceThread {
    this.#threads = this.#threads.filter(({ isEnded }) => !isEnded);
    while (this.#threads.length < count) this.#threads.push(new PieceThread(this.#system));
    return this.#threads.reduce((one, other) => other.pending < one.pending ? other : one);
  }

  /** Ends all threads. Afterwards they have no file open. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await (this.#ending ??= Promise.all(this.#threads.map((thread) => thread.end())));
  }
}

/** True if a thread can read its program without a prompt of the runtime. */
function mayStart(): boolean {
  if (import.meta.url === undefined) return false; // in a bundle of CommonJS
  const program = new URL("./piece_worker.ts", import.meta.url);
  // Bundlers copy the program elsewhere, without the modules that it imports.
  if (!/\/disk\/spread\/piece_worker\.[jt]s$/.test(program.pathname)) return false;
  return program.protocol !== "file:" || isGranted({ name: "read", path: program });
}

interface Pending {
  onBytes(bytes: number): void;
  resolve(isDone: boolean): void;
}

class PieceThread {
  isEnded = false;
  readonly #thread: Thread;
  readonly #system: System;
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  #isSilent = false;
  #idle = new AbortController();
  readonly #closed = new AbortController();

  constructor(system: System) {
    this.#system = system;
    this.#thread = startThread(new URL("./piece_worker.ts", import.meta.url), {
      onMessage: (message) => this.#receive(message as PieceReport),
      onLost: () => this.#drop(),
    });
  }

  get pending(): number {
    return this.#pending.size;
  }

  async run(
    piece: Omit<PieceTask, "id">,
    onBytes: (bytes: number) => void,
  ): Promise<boolean> {
    const id = this.#last++;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#pending.set(id, { onBytes, resolve });
    if (this.#pending.size === 1) this.#watch().catch(() => {});
    this.#thread.post({ ...piece, id } satisfies PieceTask, []);
    return await promise;
  }

  /** Ends the thread between two blocks: a file that it has open could not be closed later. */
  async end(): Promise<void> {
    if (this.#pending.size > 0 && !this.isEnded) {
      this.isEnded = true;
      this.#thread.post({ id: LAST_ID }, []);
      await this.#system.sleep(LAST_MS, this.#closed.signal).catch(() => {}); // until its reply
    }
    this.#drop();
  }

  #drop(): void {
    this.isEnded = true;
    this.#idle.abort();
    this.#closed.abort();
    this.#thread.end();
    for (const { resolve } of this.#pending.values()) resolve(false);
    this.#pending.clear();
  }

  #receive({ id, bytes = 0, isDone }: PieceReport): void {
    if (id === LAST_ID) return this.#closed.abort();
    this.#isSilent = false;
    const pending = this.#pending.get(id);
    if (bytes > 0) pending?.onBytes(bytes);
    if (isDone === undefined) return;
    pending?.resolve(isDone);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#idle.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#idle = new AbortController();
    while (!this.#isSilent) {
      this.#isSilent = true;
      await this.#system.sleep(SILENT_MS, signal);
    }
    this.#drop();
  }
}
