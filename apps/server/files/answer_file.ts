// A file as an answer: whole, a range of it, or that the client has it already.
import type { ByteRange } from "../../../mod.ts";
import { problem } from "../problem.ts";
import { evaluateConditions, parseRange, type Validators } from "./conditions.ts";

export interface Representation extends Validators {
  /** Its bytes. */
  readonly size: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly digest: string;
}

/** Reads a file, or a range of it; undefined where there are no ranges of it. */
export type ReadFile = (
  range?: Required<ByteRange>,
) => Promise<BodyInit | undefined> | BodyInit | undefined;

export async function answerFile(
  { method, headers }: Pick<Request, "method" | "headers">,
  representation: Representation,
  read: ReadFile,
): Promise<Response> {
  const early = answerWithout(headers, representation);
  if (early !== undefined) return early;
  if (method === "HEAD") return new Response(null, { headers: wholeHeaders(representation) }); // ranges are GET's
  const span = parseRange(headers, representation.size, representation);
  if (span === "unsatisfiable") return noSuchRange(representation);
  if (span !== "whole") {
    const part = await read(span);
    if (part !== undefined) {
      return new Response(part, { status: 206, headers: partHeaders(representation, span) });
    }
  }
  return new Response(await read(), { headers: wholeHeaders(representation) });
}

/** The answer that a condition of a request leads to without a look at the file. */
function answerWithout(headers: Headers, representation: Representation): Response | undefined {
  const condition = evaluateConditions(headers, representation);
  if (condition === "go on") return undefined;
  if (condition === "not modified") {
    const { etag, lastModified } = representation;
    const cacheControl = representation.headers["cache-control"];
    return new Response(null, {
      status: 304,
      headers: { etag, "last-modified": lastModified, "cache-control": cacheControl },
    });
  }
  return problem(412, {
    code: "Conflict",
    detail: "Cannot answer: the file is not the one of If-Match or If-Unmodified-Since",
    hint: "Ask without the condition, and see its ETag.",
  });
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

function noSuchRange({ size }: Representation): Response {
  return problem(416, {
    code: "Invalid",
    detail: `Cannot answer with that range: the file has ${size} bytes`,
    hint: "Ask for bytes=0- and on, or without a range.",
  }, { "content-range": `bytes */${size}` });
}
