// Entries of the audit trail on their way to its sink, which may fail for a while.
import type { AuditEntry, AuditSink } from "../observe/audit_entry.ts";

/** Most entries that wait in memory: more come only from changes that ran at the same time. */
const MOST_MISSING = 10_000;

export class AuditTrail {
  readonly #sink: AuditSink;
  /** Entries that could not be written, oldest first: those of changes, and one of others. */
  readonly #missing: AuditEntry[] = [];
  #isChecked = false;
  #retry: Promise<void> | undefined;

  constructor(sink: AuditSink) {
    this.#sink = sink;
  }

  /** Writes what is missing. Rejects while that fails, and until the sink was there once. */
  async check(): Promise<void> {
    if (this.#isChecked && this.#missing.length === 0) return;
    this.#retry ??= this.#writeMissing().finally(() => this.#retry = undefined);
    await this.#retry;
  }

  /** Rejects if entries cannot be written now. */
  async checkNow(): Promise<void> {
    this.#isChecked = false;
    await this.check();
  }

  async #writeMissing(): Promise<void> {
    if (!this.#isChecked) await this.#sink.check?.();
    this.#isChecked = true;
    for (let [entry] = this.#missing; entry !== undefined; [entry] = this.#missing) {
      await this.#sink(entry);
      this.#missing.shift();
    }
  }

  /**
   * Writes an entry. If that fails, it rejects, and keeps the entry of a change that may have been
   * made. Until one is written, changes are refused, whose entries are not kept.
   */
  async write(entry: AuditEntry): Promise<void> {
    try {
      await this.#sink(entry);
    } catch (error) {
      const most = entry.outcome === "refused" ? 1 : MOST_MISSING;
      if (this.#missing.length < most) this.#missing.push(entry);
      throw error;
    }
  }
}
