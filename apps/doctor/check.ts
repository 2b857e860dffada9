// What a doctor looks at.
/** One thing that was looked at. */
export interface Check {
  /** What it is, one word or two. */
  what: string;
  /** Whether it is well, may become a trouble, or is one. */
  verdict: "ok" | "warn" | "fail";
  /** What was found. Nothing in it is a secret. */
  found: string;
  /** What to do about it, unless it is ok. */
  advice?: string;
}

/** A check that is well. */
export function ok(what: string, found: string): Check {
  return { what, verdict: "ok", found };
}

/** A check that is not well. */
export function trouble(
  what: string,
  verdict: "warn" | "fail",
  { found, advice }: { found: string; advice: string },
): Check {
  return { what, verdict, found, advice };
}
