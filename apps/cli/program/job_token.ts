// The token of a CI job, from the provider of the job: GitHub Actions, and what works like it.
import { denied, isRegistryError, unavailable } from "../../../core/kernel.ts";
import type { System } from "../../../core/system.ts";
import { isPrivateUrl } from "../../../core/urls/private_url.ts";
import { tlsProblem } from "../../../core/urls/tls_problems.ts";
import { fetchSmall } from "./small_answer.ts";

/**
 * The URL and token by which a job asks for its own token.
 *
 * @internal
 */
export interface JobTokenSource {
  url: string;
  token: string;
}

/** Returns where this job asks for its token; undefined outside of such jobs. */
export function jobTokenSource({ env }: Pick<System, "env">): JobTokenSource | undefined {
  const url = env("ACTIONS_ID_TOKEN_REQUEST_URL"), token = env("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
  return url && token ? { url, token } : undefined;
}

const TIMEOUT_MS = 15_000;
const ACTION = "get the token of this job";

/**
 * Asks for a token of this job.
 *
 * @param audience the service that the token is for
 * @param hint what to do without one
 */
export async function askJobToken(
  { url, token }: JobTokenSource,
  { audience, hint, signal, isRight = () => true }: {
    audience: string;
    hint: string;
    signal: AbortSignal;
    /** False for a token that is for others. */
    isRight?: (token: string) => boolean;
  },
): Promise<string> {
  if (!isPrivateUrl(url)) {
    throw denied(ACTION, undefined, "ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL", { hint });
  }
  const target = new URL(url);
  target.searchParams.set("audience", audience);
  let answer: { value?: unknown };
  try {
    const response = await fetchSmall(target, {
      headers: { authorization: `Bearer ${token}`, accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) {
      throw denied(ACTION, undefined, `${target.host} answers with status ${response.status}`, {
        hint,
      });
    }
    answer = await response.json();
  } catch (error) {
    if (isRegistryError(error) || signal.aborted) throw error;
    const problem = tlsProblem(error);
    if (problem !== undefined) {
      const options = { hint: problem.hint, retry: "never", cause: error } as const;
      throw unavailable(ACTION, undefined, `${target.host} ${problem.state}`, options);
    }
    throw unavailable(ACTION, undefined, `${target.host} does not answer`, {
      hint: "Try again later.",
    });
  }
  if (typeof answer.value === "string" && isRight(answer.value)) return answer.value;
  throw denied(ACTION, undefined, `${target.host} gives no token for ${audience}`, { hint });
}
