// A file of audit entries, one JSON object in each line.
import { appendFile } from "node:fs/promises";
import { fileError } from "../../../disk/file_errors.ts";
import type { AuditEntry, AuditSink } from "./audit_entry.ts";

/**
 * Returns a sink that appends each entry to a file, which only its owner may read if it is new. The
 * file may be moved away at any time, such as by logrotate.
 */
export function createAuditFile(file: string): AuditSink {
  let waiting: { line: string; done: () => void; fail: (error: unknown) => void }[] = [];
  let isWriting = false;
  let isTorn = false; // a line may have been cut off by a full disk

  async function writeAll(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      const taken = waiting;
      waiting = [];
      const lines = taken.map(({ line }) => line).join("");
      try {
        await appendFile(file, isTorn ? `\n${lines}` : lines, { mode: 0o600 });
        isTorn = false;
        for (const { done } of taken) done();
      } catch (cause) {
        isTorn = true;
        for (const { fail } of taken) fail(fileError("write audit file", file, cause));
      }
    }
    isWriting = false;
  }

  return (entry: AuditEntry) =>
    new Promise<void>((done, fail) => {
      waiting.push({ line: `${JSON.stringify(entry)}\n`, done, fail });
      if (!isWriting) void writeAll();
    });
}
