// Reads of one file in several requests, at addresses that may come to mean another file.
import { conflict } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { keepNewest } from "../../../core/work/keep_newest.ts";
import type { System } from "../../../core/system.ts";
import type { Access } from "../access/access.ts";

/** How long a read is remembered after its last request, milliseconds. */
const KEEP_MS = 600_000;
/** Maximum number of reads that are remembered. */
const MOST_KNOWN = 10_000;

/**
 * Which file each token has begun to read at the address of an alias, a range or `latest`. A client
 * that reads on by ranges would otherwise join bytes of two versions without notice.
 */
export class BegunReads {
  readonly #system: Pick<System, "monotonic">;
  readonly #begun = new Map<string, { sha256: string; until: number }>();

  constructor(system: Pick<System, "monotonic">) {
    this.#system = system;
  }

  /** Throws `Conflict` if a range, without a condition, is of another file than the last one. */
  check(
    { request, info: { access } }: { request: Request; info: { access: Pick<Access, "token"> } },
    { path, sha256 }: { path: string; sha256: string },
  ): void {
    const { headers, url } = request;
    if (headers.has("if-range") || headers.has("if-match")) return;
    const key = JSON.stringify([access.token, new URL(url).pathname]);
    const now = this.#system.monotonic();
    const begun = this.#begun.get(key);
    this.#begun.delete(key);
    const isMoved = begun !== undefined && begun.sha256 !== sha256 && now < begun.until;
    if (isMoved && !isFirst(request)) {
      throw conflict("read", shown(path), "it changed since a range of it was read", {
        hint:
          "Read it again from its first byte. At the address of an exact version it never changes.",
      });
    }
    this.#begun.set(key, { sha256, until: now + KEEP_MS });
    keepNewest(this.#begun, MOST_KNOWN);
  }
}

/** Returns whether a request may be the first of several that read a file. */
export function isFirst({ method, headers }: Pick<Request, "method" | "headers">): boolean {
  const range = headers.get("range");
  return method === "HEAD" || range === null || /^bytes=[ \t]*0+-/i.test(range);
}
