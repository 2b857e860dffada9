// Requests to an endpoint of the Hub. They only read. The token is for this endpoint: redirects of files
// to other hosts get none, and other redirects are refused.
import {
  denied,
  invalid,
  isJsonObject,
  messageOf,
  notFound,
  shown,
  type System,
  unavailable,
} from "../../../core/kernel.ts";

export type Json = Readonly<Record<string, unknown>>;

const MOST_REDIRECTS = 5;
/** Bytes of a page of a listing. */
const MOST_BYTES = 64 * 1024 * 1024;

export class HubServer {
  readonly endpoint: string;
  readonly #token: string | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor({ system, signal }: { system: System; signal?: AbortSignal }) {
    const endpoint = system.env("HF_ENDPOINT") ?? "https://huggingface.co";
    if (!/^https?:\/\/[^/]/.test(endpoint) || !URL.canParse(endpoint)) {
      throw invalid("use", "HF_ENDPOINT", "it is not a URL that begins with https:// or http://");
    }
    this.endpoint = endpoint.replace(/\/+$/, "");
    this.#token = system.env("HF_TOKEN");
    this.#signal = signal;
  }

  async #send(path: string, { mayLeave = false } = {}): Promise<Response> {
    const { origin } = new URL(this.endpoint);
    let url = new URL(path, `${this.endpoint}/`);
    const about = ["read from the Hub", shown(`${origin}${url.pathname}`)] as const;
    for (let i = 0; i <= MOST_REDIRECTS; i++) {
      const isOwn = url.origin === origin;
      const headers = { ...isOwn && this.#token && { authorization: `Bearer ${this.#token}` } };
      let answer: Response;
      try {
        answer = await fetch(url, { headers, redirect: "manual", signal: this.#signal });
      } catch (cause) {
        this.#signal?.throwIfAborted();
        throw unavailable(...about, messageOf(cause), { cause });
      }
      const to = answer.headers.get("location");
      if (answer.status < 300 || answer.status >= 400 || to === null) {
        return await checked(answer, about, this.#token);
      }
      await answer.body?.cancel();
      const next = new URL(to, url);
      const isAllowed = next.origin === origin || mayLeave && next.protocol === "https:";
      if (!isAllowed) throw invalid(...about, `it is redirected to ${shown(next.origin)}`);
      url = next;
    }
    throw invalid(...about, `more than ${MOST_REDIRECTS} redirects`);
  }

  async #page(path: string): Promise<{ value: unknown; next: string | undefined }> {
    const answer = await this.#send(path);
    const [, link] = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("link") ?? "") ?? [];
    const decoder = new TextDecoder();
    let text = "", bytes = 0;
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES) {
        throw invalid("read from the Hub", shown(path), "the list is too long");
      }
      text += decoder.decode(chunk, { stream: true });
    }
    try {
      return { value: JSON.parse(text), next: link };
    } catch {
      throw invalid("read from the Hub", shown(path), "the answer is not JSON");
    }
  }

  async json(path: string): Promise<Json> {
    const { value } = await this.#page(path);
    if (isJsonObject(value)) return value;
    throw invalid("read from the Hub", shown(path), "the answer is not an object");
  }

  /** Yields the items of all pages of a list. */
  async *items(path: string): AsyncGenerator<Json> {
    const seen = new Set<string>();
    for (let at: string | undefined = path; at !== undefined && !seen.has(at);) {
      seen.add(at);
      const { value, next }: { value: unknown; next: string | undefined } = await this.#page(at);
      yield* objectsIn(value);
      if (
        next !== undefined &&
        new URL(next, `${this.endpoint}/`).origin !== new URL(this.endpoint).origin
      ) {
        throw invalid("read from the Hub", shown(path), "its next page is on another host");
      }
      at = next;
    }
  }

  async *chunks(path: string): AsyncGenerator<Uint8Array> {
    const { body } = await this.#send(path, { mayLeave: true });
    if (body !== null) yield* body;
  }
}

/** Throws for the state of an answer, without a token that the answer repeats. */
async function checked(
  answer: Response,
  about: readonly [string, string],
  token = "",
): Promise<Response> {
  if (answer.ok) return answer;
  const body = await answer.text().catch(() => "");
  const text = token === "" ? body : body.replaceAll(token, "…");
  const state = `${answer.status} ${text.slice(0, 300)}`.trim();
  if (answer.status === 404) throw notFound(...about, state);
  if (answer.status === 401 || answer.status === 403) {
    throw denied(...about, state, {
      hint: "Check the id, and set HF_TOKEN for a private repository.",
    });
  }
  if (answer.status >= 500 || answer.status === 429) throw unavailable(...about, state);
  throw invalid(...about, state);
}

export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((each) => isJsonObject(each)) : [];
}
