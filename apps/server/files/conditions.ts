// Conditional requests and ranges (RFC 9110, sections 13 and 14).
import type { ByteRange } from "../../../mod.ts";

export interface Validators {
  etag: string;
  lastModified: string;
}

/** Validators that conditions are compared with. Without a date, conditions on dates are ignored. */
type Compared = Pick<Validators, "etag"> & Partial<Validators>;

export type Condition = "go on" | "not modified" | "failed";

export function evaluateConditions(
  headers: Headers,
  { etag, lastModified = "" }: Compared,
): Condition {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!matchesTag(ifMatch, etag, { weak: false })) return "failed";
  } else {
    const since = parseDate(headers.get("if-unmodified-since"));
    if (since !== undefined && Date.parse(lastModified) > since) return "failed";
  }
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) {
    return matchesTag(ifNoneMatch, etag, { weak: true }) ? "not modified" : "go on";
  }
  const since = parseDate(headers.get("if-modified-since"));
  return since !== undefined && Date.parse(lastModified) <= since ? "not modified" : "go on";
}

/** Whether a header lists this tag; `*` matches any. A strong comparison matches no weak tag. */
export function matchesTag(list: string, etag: string, { weak }: { weak: boolean }): boolean {
  if (list.trim() === "*") return true;
  return tagsOf(list).some((tag) => tag === etag || (weak && tag === `W/${etag}`));
}

export function namesTags(list: string): boolean {
  return list.trim() === "*" || tagsOf(list).length > 0;
}

function tagsOf(list: string): string[] {
  return list.match(/(W\/)?"[^"]*"/g) ?? [];
}

function parseDate(text: string | null): number | undefined {
  if (text === null || !/ GMT$/.test(text)) return undefined; // what is no date is not there
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

export type Span = Required<ByteRange> | "whole" | "unsatisfiable";

/**
 * What a request asks for of a file. Of several ranges nobody gets parts: that is the whole, as section 14.2 allows,
 * and so is what cannot be read as a range.
 */
export function parseRange(headers: Headers, size: number, validators: Validators): Span {
  const range = headers.get("range");
  if (range === null || !meansThis(headers.get("if-range"), validators)) return "whole";
  const found = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(range);
  if (found === null || (found[1] === "" && found[2] === "")) return "whole";
  const [first, last] = [found[1], found[2]].map((digits) =>
    digits === "" ? undefined : Number(digits)
  );
  if (first === undefined) {
    if (last === 0) return "unsatisfiable";
    if (size === 0) return "whole";
    const length = Math.min(last!, size);
    return { offset: size - length, length };
  }
  if (last !== undefined && last < first) return "whole"; // no range at all
  if (first >= size) return "unsatisfiable";
  return { offset: first, length: Math.min(last ?? size - 1, size - 1) - first + 1 };
}

function meansThis(ifRange: string | null, { etag, lastModified }: Validators): boolean {
  return ifRange === null || ifRange.trim() === etag || ifRange.trim() === lastModified;
}
