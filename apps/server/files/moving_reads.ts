// Reads by ranges, at addresses that may come to mean another file.
import { conflict } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Access } from "../access/access.ts";
import type { ServiceMemory } from "../memory/service_memory.ts";

/** Throws `Conflict` if a range, without a condition, is of another file than the last one. */
export async function checkGoesOn(
  { request, info: { access } }: { request: Request; info: { access: Pick<Access, "token"> } },
  { path, sha256 }: { path: string; sha256: string },
  { reads }: Pick<ServiceMemory, "reads">,
): Promise<void> {
  const { headers, url } = request;
  if (headers.has("if-range") || headers.has("if-match")) return;
  const { token } = access;
  const read = { token, at: new URL(url).pathname, sha256, isFirst: isFirst(request) };
  if (await reads.goesOn(read)) return;
  throw conflict("read", shown(path), "it changed since a range of it was read", {
    hint: "Read it again from its first byte. At the address of an exact version it never changes.",
  });
}

/** Returns whether a request may be the first of several that read a file. */
export function isFirst({ method, headers }: Pick<Request, "method" | "headers">): boolean {
  const range = headers.get("range");
  return method === "HEAD" || range === null || /^bytes=[ \t]*0+-/i.test(range);
}
