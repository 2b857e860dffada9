// Answers of the servers that importers read.
import {
  denied,
  invalid,
  isJsonObject,
  iterableStream,
  messageOf,
  notFound,
  parsedJson,
  readAtMost,
  type RegistryError,
  unavailable,
} from "../../../core/kernel.ts";

const MOST_OF_ERROR = 64 * 1024;

export type Json = Readonly<Record<string, unknown>>;

/** The action and the URL of a request, for errors. */
type Asked = readonly [action: string, url: string];

/** Returns an answer. Throws for its state, without a secret that servers and proxies repeat. */
export async function checkedAnswer(
  answer: Response,
  about: Asked,
  { secret = "", hint }: { secret?: string; hint: string },
): Promise<Response> {
  if (answer.ok) return answer;
  const bytes = await readAtMost(answer.body, MOST_OF_ERROR).catch(() => undefined);
  const body = new TextDecoder().decode(bytes);
  const text = secret === "" ? body : body.replaceAll(secret, "…");
  const state = `${answer.status} ${text.slice(0, 300)}`.trim();
  if (answer.status === 404) throw notFound(...about, state);
  if (answer.status === 401 || answer.status === 403) throw denied(...about, state, { hint });
  if (answer.status >= 500 || answer.status === 429) throw unavailable(...about, state);
  throw invalid(...about, state);
}

/** Returns the error for a server that did not answer a request. */
export function unanswered(about: Asked, cause: unknown): RegistryError {
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const state = `no answer (${messageOf(reason)})`;
  const hint =
    "Check the URL, that the server runs, DNS, and the variables HTTPS_PROXY and NO_PROXY.";
  return unavailable(...about, state, { cause, hint });
}

/** Yields the bytes of an answer. Throws `Unavailable` if the connection breaks. */
export async function* chunksOf(
  { body }: Response,
  about: Asked,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    if (body !== null) yield* body;
  } catch (cause) {
    signal?.throwIfAborted();
    throw unavailable(...about, messageOf(cause), { cause });
  }
}

/** Returns the JSON of an answer. Throws for anything else, and for more bytes. */
export async function jsonIn(
  answer: Response,
  about: Asked,
  { mostBytes, signal, hint }: { mostBytes: number; signal?: AbortSignal; hint?: string },
): Promise<unknown> {
  const bytes = await readAtMost(iterableStream(chunksOf(answer, about, signal)), mostBytes);
  if (bytes === undefined) throw invalid(...about, "the answer is too long");
  const value = parsedJson(new TextDecoder().decode(bytes));
  if (value !== undefined) return value;
  throw invalid(...about, "the answer is not JSON", hint === undefined ? {} : { hint });
}

export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((each) => isJsonObject(each)) : [];
}
