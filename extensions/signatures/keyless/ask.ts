// Requests to the services of Sigstore. Their answers are short and untrusted.
import {
  corrupt,
  denied,
  invalid,
  isJsonObject,
  isPrivateUrl,
  isRegistryError,
  parsedJson,
  readAtMost,
  type RegistryError,
  unavailable,
} from "../../../core/kernel.ts";
import { tlsProblem } from "../../../core/urls/tls_problems.ts";
import { plain } from "../signers/certificates/pem.ts";

/** A request, and how errors name it. */
export interface Asked {
  /** The action that errors name, such as `get a certificate from`. */
  action: string;
  url: string;
  type: string;
  body: string | Uint8Array<ArrayBuffer>;
  /** A token in the body. Errors contain none of its parts. */
  secret?: string;
}

export interface AskOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

/** The longest answer; an entry of a log has about 10 KiB. */
const MOST_BYTES = 256 * 1024;
const MOST_OF_MESSAGE = 300;
const AGAIN = "Nothing was added to the version. Run the same command again later.";
const CHECK_URL = "Check the URL: it may be that of another program.";

/** Returns the URL of a path below that of a service. */
export function urlBelow(service: string, path: string): string {
  return `${service.replace(/\/+$/, "")}${path}`;
}

/** Throws for a URL with a secret, and for one whose requests others on the network could read. */
export function checkUrl(action: string, url: string): void {
  if (/[@?#]/.test(url)) { // which no error shows
    const state = "the URL of a service has a user name, password, query or fragment";
    throw invalid("sign", undefined, state, { hint: "Pass the URL without them." });
  }
  if (isPrivateUrl(url)) return;
  throw invalid(action, JSON.stringify(url), "it is not an https URL", {
    hint: "Pass the https URL of the service.",
  });
}

/** Sends a request, and returns the bytes of its answer. */
export async function ask(
  asked: Asked,
  { timeoutMs, signal }: AskOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { action, url, type, body } = asked;
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": type, accept: type.replace("query", "reply") },
      body,
      redirect: "manual", // the token must not reach another service
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    });
    const bytes = await readAtMost(response.body, MOST_BYTES);
    if (!response.ok) throw refusal(asked, response, bytes);
    if (bytes !== undefined) return bytes;
    const state = `its answer is longer than ${MOST_BYTES / 1024} KiB`;
    throw corrupt(action, JSON.stringify(url), state, { hint: CHECK_URL });
  } catch (error) {
    signal?.throwIfAborted();
    if (isRegistryError(error)) throw error;
    const problem = tlsProblem(error);
    if (problem !== undefined) { // possibly of a machine in the middle
      const options = { hint: problem.hint, retry: "never", cause: error } as const;
      throw unavailable(action, JSON.stringify(url), `it ${problem.state}`, options);
    }
    const state = late.aborted
      ? `it sent no answer in ${timeoutMs / 1000} s`
      : "it does not answer";
    throw unavailable(action, JSON.stringify(url), state, { hint: AGAIN });
  }
}

/** Sends JSON, and returns the JSON of the answer. */
export async function askJson(
  asked: Omit<Asked, "type" | "body"> & { body: object },
  options: AskOptions,
): Promise<Record<string, unknown>> {
  const { action, url, body } = asked;
  const sent = { ...asked, type: "application/json", body: JSON.stringify(body) };
  const value = jsonOf(await ask(sent, options));
  if (value !== undefined) return value;
  throw corrupt(action, JSON.stringify(url), "its answer is not a JSON object", {
    hint: CHECK_URL,
  });
}

function jsonOf(bytes: Uint8Array | undefined): Record<string, unknown> | undefined {
  const value = parsedJson(new TextDecoder().decode(bytes));
  return isJsonObject(value) ? value : undefined;
}

function refusal(
  { action, url, secret }: Asked,
  { status }: Response,
  bytes: Uint8Array | undefined,
): RegistryError {
  const message = jsonOf(bytes)?.message;
  const said = typeof message === "string" ? plain(message).slice(0, MOST_OF_MESSAGE) : "";
  const hasSecret = secret?.split(".").some((part) =>
    part !== "" && String(message).includes(part)
  );
  const state = `status ${status}${hasSecret || said === "" ? "" : `: ${said}`}`;
  const subject = JSON.stringify(url);
  if (status >= 500 || status === 429) return unavailable(action, subject, state, { hint: AGAIN });
  if (status === 401 || status === 403) {
    return denied(action, subject, state, {
      hint: "Get a new identity token, whose issuer this authority accepts.",
    });
  }
  const hint = status === 413 ? "The version has too many files: sign it with a key." : CHECK_URL;
  return invalid(action, subject, state, { hint });
}

/** Returns an error for an answer that does not fit the request. */
export function wrongAnswer(
  { action, url }: Pick<Asked, "action" | "url">,
  state: string,
  hint = "Check the URL, or report this to the operator of the service.",
) {
  return corrupt(action, JSON.stringify(url), state, {
    hint: `Nothing was added to the version. ${hint}`,
  });
}
