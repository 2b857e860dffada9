// Answers with a file or a range of it, and conditions (RFC 9110, sections 13 and 14).
import type { ByteRange } from "../../../backends/mod.ts";
import { problem } from "../problem.ts";
import { Answer } from "../answer.ts";

interface Validators {
  etag: string;
  lastModified: string;
}

/** Validators of a condition. Without a date, conditions on dates are ignored. */
type Compared = Pick<Validators, "etag"> & Partial<Validators>;

type Condition = "go on" | "not modified" | "failed";

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

/** Returns true if a header lists this tag or `*`. A strong comparison matches no weak tag. */
export function matchesTag(list: string, etag: string, { weak }: { weak: boolean }): boolean {
  if (list.trim() === "*") return true;
  if (list.trim() === etag.slice(1, -1)) return true; // SDKs of S3 may leave out the quotes
  return tagsOf(list).some((tag) => tag === etag || (weak && tag === `W/${etag}`));
}

export function namesTags(list: string): boolean {
  return list.trim() === "*" || tagsOf(list).length > 0;
}

function tagsOf(list: string): string[] {
  return list.match(/(W\/)?"[^"]*"/g) ?? [];
}

function parseDate(text: string | null): number | undefined {
  if (text === null || !/ GMT$/.test(text)) return undefined; // an invalid date is ignored
  const time = Date.parse(text);
  const isReal = new Date(time).getUTCDate() === Number(/\d+/.exec(text)); // not 30 February
  return isReal ? time : undefined;
}

type AskedRange = Required<ByteRange> | "whole" | "unsatisfiable";

/**
 * Returns the range that a request asks for. Several ranges, or a range that cannot be parsed, give
 * the whole file, as section 14.2 allows.
 */
export function parseRange(headers: Headers, size: number, validators: Validators): AskedRange {
  const range = headers.get("range");
  const ifRange = headers.get("if-range")?.trim();
  const isCurrent = ifRange === undefined || ifRange === validators.etag ||
    ifRange === validators.lastModified;
  if (range === null || !isCurrent) return "whole";
  const parts = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(range);
  if (parts === null || (parts[1] === "" && parts[2] === "")) return "whole";
  const [first, last] = [parts[1], parts[2]].map((digits) =>
    digits === "" ? undefined : Number(digits)
  );
  if (first === undefined) {
    if (last === 0) return "unsatisfiable";
    if (size === 0) return "whole";
    const length = Math.min(last!, size);
    return { offset: size - length, length };
  }
  if (last !== undefined && last < first) return "whole"; // an invalid range
  if (first >= size) return "unsatisfiable";
  return { offset: first, length: Math.min(last ?? size - 1, size - 1) - first + 1 };
}

export interface Representation extends Validators {
  /** Bytes. */
  readonly size: number;
  readonly headers: Readonly<Record<string, string> & Record<"cache-control", string>>;
  readonly digest: string;
  /** True for a protocol in which HEAD has ranges: HTTP ignores them. */
  readonly headHasRanges?: boolean;
}

/** Reads a file or a range of it. */
type ReadFile = (range?: Required<ByteRange>) => Promise<Uint8Array | ReadableStream<Uint8Array>>;

export async function answerFile(
  { method, headers }: Pick<Request, "method" | "headers">,
  representation: Representation,
  read: ReadFile,
): Promise<Answer> {
  const { etag, lastModified } = representation;
  const early = answerConditions(headers, representation, {
    known: {
      etag,
      "last-modified": lastModified,
      "cache-control": representation.headers["cache-control"],
    },
    failed: "Cannot answer: the file does not match If-Match or If-Unmodified-Since",
  });
  if (early !== undefined) return early;
  const isHead = method === "HEAD";
  const range = isHead && !representation.headHasRanges
    ? "whole"
    : parseRange(headers, representation.size, representation);
  if (range === "unsatisfiable") return noSuchRange(representation);
  if (range !== "whole") {
    const headers = partHeaders(representation, range);
    return new Answer(isHead ? null : await read(range), { status: 206, headers });
  }
  return new Answer(isHead ? null : await read(), { headers: wholeHeaders(representation) });
}

/** Answers with 304 or 412 if a condition applies. `known` are the headers of a 304. */
export function answerConditions(
  headers: Headers,
  validators: Compared,
  { known, failed }: { known: Record<string, string>; failed: string },
): Answer | undefined {
  const condition = evaluateConditions(headers, validators);
  if (condition === "not modified") return new Answer(null, { status: 304, headers: known });
  if (condition === "go on") return undefined;
  const hint = "Repeat the request without the condition.";
  return problem(412, { code: "Conflict", detail: failed, hint });
}

function wholeHeaders(
  { headers, size, etag, lastModified, digest }: Representation,
): Record<string, string> {
  return {
    ...headers,
    "content-length": String(size),
    etag,
    "last-modified": lastModified,
    "accept-ranges": "bytes",
    "content-digest": digest,
    "repr-digest": digest,
  };
}

function partHeaders(
  representation: Representation,
  { offset, length }: Required<ByteRange>,
): Record<string, string> {
  const { "content-digest": _whole, ...headers } = wholeHeaders(representation);
  return {
    ...headers,
    "content-length": String(length),
    "content-range": `bytes ${offset}-${offset + length - 1}/${representation.size}`,
  };
}

function noSuchRange({ size }: Representation): Answer {
  const detail = `Cannot answer with that range: the file has ${size} bytes`;
  const hint = "Start the range within the file, or omit it.";
  return problem(416, { code: "Invalid", detail, hint }, { "content-range": `bytes */${size}` });
}
