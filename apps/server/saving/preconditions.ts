/**
 * `If-Match` and `If-None-Match` of requests that write (RFC 9110, section 13): what they are compared with becomes
 * what the write itself expects, so that nothing comes between the two.
 *
 * @module
 */
import { matchesTag } from "../files/conditions.ts";
import { RefusedCondition } from "../problem.ts";

/** Headers of requests that write and name a version or an alias. */
export const WRITE_CONDITIONS = {
  "if-match": "ETags, one of which it must have now; `*` for any, where there must be one. Else 412",
  "if-none-match": "ETags, none of which it may have now; `*` where there must be none. Else 412",
} as const;

/**
 * Compares what a request says with the ETag, without quotes, of what is there now. Returns that, as the write has to
 * expect it, null where there is nothing; undefined where the request makes no condition.
 */
export async function readCondition(
  { headers }: Request,
  { subject, current }: { subject: string; current: () => Promise<string | undefined> },
): Promise<string | null | undefined> {
  const wanted = headers.get("if-match"), unwanted = headers.get("if-none-match");
  if (wanted === null && unwanted === null) return undefined;
  const now = await current();
  const has = (tags: string, weak: boolean) => now !== undefined && matchesTag(tags, `"${now}"`, { weak });
  if (wanted !== null && !has(wanted, false)) throw refused(subject, "If-Match", now);
  if (unwanted !== null && has(unwanted, true)) throw refused(subject, "If-None-Match", now);
  return now ?? null;
}

function refused(subject: string, header: string, now: string | undefined): RefusedCondition {
  return new RefusedCondition({
    code: "Conflict",
    message: `Cannot change ${subject}: ${header} does not allow it, its ETag is ${
      now === undefined ? "none" : `"${now}"`
    }`,
    hint: "GET it again, and decide whether your change still applies.",
  });
}
