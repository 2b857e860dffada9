// Reads by ranges, at addresses that may come to mean another file.
import type { FileInfo } from "../../../core/record.ts";
import { conflict } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Access } from "../access/access.ts";
import type { ServiceMemory } from "../memory/service_memory.ts";

/**
 * A file, and the version that it is of now.
 *
 * @internal
 */
type MovingFile = Pick<FileInfo, "path" | "sha256" | "size"> & { version: string };

/**
 * Throws `Conflict` for a range without a condition whose bytes could be joined with those of another
 * file: a program with the same token has begun to read that at this address.
 *
 * @param isPinned the answer leads to an address that never changes
 */
export async function checkGoesOn(
  { request, sentPath, info: { access } }: {
    request: Pick<Request, "method" | "headers">;
    sentPath: string;
    info: { access: Pick<Access, "token"> };
  },
  { path, sha256, size, version }: MovingFile,
  { reads }: Pick<ServiceMemory, "reads">,
  isPinned = false,
): Promise<void> {
  const { headers } = request;
  if (["if-range", "if-match"].some((name) => namesFile(headers.get(name)))) return;
  const isWhole = isPinned || asksForAll(request, size);
  if (await reads.goesOn({ token: access.token, at: sentPath, sha256, isWhole })) {
    return;
  }
  throw conflict("read a range of", shown(path), "the file has changed while it was read here", {
    hint: `Read version ${version} by its number, which never changes, or send If-Match.`,
  });
}

/** Returns whether a condition names one file: any file passes `*`, and two may have one date. */
function namesFile(condition: string | null): boolean {
  return condition !== null && condition.trim() !== "*" && !condition.endsWith(" GMT");
}

/** Returns whether a request asks for the whole file, or for none of its bytes. */
function asksForAll({ method, headers }: Pick<Request, "method" | "headers">, size: number) {
  const range = headers.get("range");
  if (method === "HEAD" || range === null) return true;
  const [, last] = /^bytes=[ \t]*0+-([0-9]*)[ \t]*$/i.exec(range) ?? [];
  return last !== undefined && (last === "" || Number(last) >= size - 1);
}

/** Returns whether a request may be the first of several that read a file. */
export function isFirst({ method, headers }: Pick<Request, "method" | "headers">): boolean {
  const range = headers.get("range");
  return method === "HEAD" || range === null || /^bytes=[ \t]*0+-/i.test(range);
}
