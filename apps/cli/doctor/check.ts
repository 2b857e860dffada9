// What a doctor looks at.
export interface Check {
  what: string;
  verdict: "ok" | "warn" | "fail";
  found: string;
  /** What to do about it, unless it is ok. */
  advice?: string;
}

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
