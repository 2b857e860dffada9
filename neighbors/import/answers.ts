// Answers of the servers that importers read.
import { denied, invalid, isJsonObject, notFound, unavailable } from "../../core/kernel.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Returns an answer. Throws for its state, without a secret that servers and proxies repeat. */
export async function checkedAnswer(
  answer: Response,
  about: readonly [action: string, url: string],
  { secret = "", hint }: { secret?: string; hint: string },
): Promise<Response> {
  if (answer.ok) return answer;
  const body = await answer.text().catch(() => "");
  const text = secret === "" ? body : body.replaceAll(secret, "…");
  const state = `${answer.status} ${text.slice(0, 300)}`.trim();
  if (answer.status === 404) throw notFound(...about, state);
  if (answer.status === 401 || answer.status === 403) throw denied(...about, state, { hint });
  if (answer.status >= 500 || answer.status === 429) throw unavailable(...about, state);
  throw invalid(...about, state);
}

export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((each) => isJsonObject(each)) : [];
}
