// Entries of the audit trail on their way to its sink, which may fail for a while.
import type { AuditEntry, AuditSink } from "../observe/audit_entry.ts";

/** Most entries that wait in memory: more come only from changes that ran at the same time. */
const MOST_MISSING = 10_000;

export class AuditTrail {
  readonly #sink: AuditSink;
  /** Entries of changes that could not be written, oldest first. */
  readonly #missing: AuditEntry[] = [];
  #retry: Promise<void> | undefined;

  constructor(sink: AuditSink) {
    this.#sink = sink;
  }

  /** Writes what is missing. Rejects while that fails. */
  async complete(): Promise<void> {
    if (this.#missing.length === 0) return;
    this.#retry ??= this.#writeMissing().finally(() => this.#retry = undefined);
    await this.#retry;
  }

  async #writeMissing(): Promise<void> {
    for (let [entry] = this.#missing; entry !== undefined; [entry] = this.#missing) {
      await this.#sink(entry);
      this.#missing.shift();
    }
  }

  /** Writes an entry. If that fails, it rejects, and keeps the entry of a change. */
  async write(entry: AuditEntry, isChange: boolean): Promise<void> {
    try {
      await this.#sink(entry);
    } catch (error) {
      if (isChange && this.#missing.length < MOST_MISSING) this.#missing.push(entry);
      throw error;
    }
  }
}
