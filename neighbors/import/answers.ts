// Answers of the servers that importers read.
import { denied, invalid, isJsonObject, notFound, readAtMost } from "../../core/kernel.ts";
import { unavailable } from "../../core/kernel.ts";

const MOST_BYTES = 256 * 1024 * 1024, MOST_OF_ERROR = 64 * 1024;

export type Json = Readonly<Record<string, unknown>>;

/** Returns an answer. Throws for its state, without a secret that servers and proxies repeat. */
export async function checkedAnswer(
  answer: Response,
  about: readonly [action: string, url: string],
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

/** Stands for an answer that is too long. */
export const TOO_LONG = Symbol("an answer that is too long");

/** Returns the JSON of an answer; undefined for anything else. */
export async function jsonIn(answer: Response): Promise<unknown> {
  const bytes = await readAtMost(answer.body, MOST_BYTES);
  if (bytes === undefined) return TOO_LONG;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((each) => isJsonObject(each)) : [];
}
