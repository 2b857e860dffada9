// `If-Match` and `If-None-Match` of requests that write (RFC 9110, section 13). The write itself expects the state that
// they were compared with, so no other change comes between the two.
import { matchesTag, namesTags } from "../files/conditions.ts";
import { RefusedCondition } from "../problem.ts";

export const WRITE_CONDITIONS = {
  "if-match": "ETags, one of which must be the current one; `*` for any. Otherwise 412",
  "if-none-match":
    "ETags, none of which may be the current one; `*` if there must be none. Otherwise 412",
} as const;

/**
 * Compares the conditions of a request with the current ETag, without quotes. Returns that ETag, which the write must
 * expect: null if there is none, undefined if the request has no condition.
 */
export async function readCondition(
  { headers }: Request,
  { subject, current }: { subject: string; current: () => Promise<string | undefined> },
): Promise<string | null | undefined> {
  const wanted = headers.get("if-match"), unwanted = headers.get("if-none-match");
  if (wanted === null && unwanted === null) return undefined;
  const now = await current();
  const has = (tags: string, weak: boolean) =>
    now !== undefined && matchesTag(tags, `"${now}"`, { weak });
  if (wanted !== null && !has(wanted, false)) throw refused(subject, "If-Match", now);
  if (unwanted !== null && (!namesTags(unwanted) || has(unwanted, true))) {
    throw refused(subject, "If-None-Match", now);
  }
  return now ?? null;
}

function refused(subject: string, header: string, now: string | undefined): RefusedCondition {
  return new RefusedCondition({
    code: "Conflict",
    message: `Cannot change ${subject}: ${header} does not match, ${
      now === undefined ? "it does not exist" : `its ETag is "${now}"`
    }`,
    hint:
      "GET it again, and decide whether your change still applies. Write ETags with their quotes.",
  });
}
