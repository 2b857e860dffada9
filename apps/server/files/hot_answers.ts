// Answers of hot files that are given before anything else is looked at. What is around other
// answers was done once, when the answer was made that is copied here; so only requests that say
// nothing but what they want are answered.
import type { Handler } from "../options.ts";
import { answerFile, answerWithout, partOf } from "./answer_file.ts";
import type { HotFile, HotFiles } from "./hot_files.ts";

/** Headers by which a request says more than what it wants. A range or a condition is one, and a page that asks. */
const MORE = [
  "range",
  "if-none-match",
  "if-match",
  "if-modified-since",
  "if-unmodified-since",
  "origin",
  "sec-fetch-site",
  "x-request-id",
  "traceparent",
];

export interface PlainRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { has(name: string): boolean };
}

/** Whether a request says nothing but what it wants. */
function isPlain({ method, headers }: PlainRequest): boolean {
  return method === "GET" && !MORE.some((name) => headers.has(name));
}

/** The file that was answered with before; undefined where there is none, or the request says more. */
export function findAnswered(hot: HotFiles, request: PlainRequest): Answered | undefined {
  const file = hot.find(request.url);
  return file?.answer !== undefined && isPlain(request) ? file as Answered : undefined;
}

export type Answered = HotFile & Required<Pick<HotFile, "answer">>;

export interface ReadyHandler extends Handler {
  /** A file that can be answered with at once; it is counted as answered. */
  ready(request: PlainRequest): Answered | undefined;
}

/** Keeps what was answered, to be copied: all but what is of this request only. */
export function keepAnswer(hot: HotFiles, request: Request, { status, headers }: Response): void {
  const file = hot.find(request.url);
  if (file === undefined || file.answer !== undefined || status !== 200 || !isPlain(request)) {
    return;
  }
  const kept = new Headers(headers);
  kept.delete("x-request-id");
  file.answer = {
    response: new Response(file.bytes, { headers: kept }),
    headers: Object.fromEntries(kept),
  };
}

export async function answerHot(request: Request, file: HotFile): Promise<Response> {
  const answer = file.isWhole
    ? answerWithout(request.headers, file) ?? new Response(file.bytes, { headers: file.headers })
    : await answerFile(request, file, partOf(file.bytes));
  return request.method === "HEAD" ? new Response(null, answer) : answer;
}
