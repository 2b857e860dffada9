// A file of audit entries, one JSON object in each line.
import { appendFile, open, stat, statfs } from "node:fs/promises";
import { isGranted } from "../../../core/system.ts";
import { fileError } from "../../../disk/file_errors.ts";
import type { AuditEntry, AuditSink } from "./audit_entry.ts";

/** A disk with less free space is full: one entry may take as much. */
const LEAST_FREE_BYTES = 64 * 1024;
const MODE = 0o600;

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
        await appendFile(file, isTorn ? `\n${lines}` : lines, { mode: MODE });
        isTorn = false;
        for (const { done } of taken) done();
      } catch (cause) {
        isTorn = true;
        for (const { fail } of taken) fail(failure(cause));
      }
    }
    isWriting = false;
  }

  function failure(cause: unknown): unknown {
    return fileError("write audit file", file, cause);
  }

  const write = (entry: AuditEntry) =>
    new Promise<void>((done, fail) => {
      waiting.push({ line: `${JSON.stringify(entry)}\n`, done, fail });
      if (!isWriting) void writeAll();
    });
  const check = () =>
    checkWritable(file).catch((cause) => {
      throw failure(cause);
    });
  return Object.assign(write, { check });
}

/** Rejects for a file that cannot be opened for writing, or whose disk is full. */
async function checkWritable(file: string): Promise<void> {
  const present = await stat(file).catch(() => undefined);
  if (present?.isFile() === false && !present.isDirectory()) return; // a pipe waits for its reader
  await (await open(file, "a", MODE)).close();
  if (!isGranted({ name: "sys", kind: "statfs" })) return; // Deno would ask
  const { blocks, bavail, bsize } = await statfs(file);
  if (blocks === 0 || bavail * bsize >= LEAST_FREE_BYTES) return; // some disks do not count
  throw Object.assign(new Error("too little free space"), { code: "ENOSPC" });
}
