// Requests to an endpoint of the Hub. They only read. The token is for this endpoint: redirects of files
// to other hosts get none, and other redirects are refused, as those to private hosts of public ones.
import type { System } from "../../../../mod.ts";
import { invalid, isJsonObject, mayLead, shown } from "../../../../core/kernel.ts";
import { checkedAnswer, chunksOf, type Json, jsonIn, objectsIn, unanswered } from "../answers.ts";

const ACTION = "read from the Hub";
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
    const about = [ACTION, shown(`${origin}${url.pathname}`)] as const;
    for (let i = 0; i <= MOST_REDIRECTS; i++) {
      const isOwn = url.origin === origin;
      const headers = { ...isOwn && this.#token && { authorization: `Bearer ${this.#token}` } };
      let answer: Response;
      try {
        answer = await fetch(url, { headers, redirect: "manual", signal: this.#signal });
      } catch (cause) {
        this.#signal?.throwIfAborted();
        throw unanswered(about, cause);
      }
      const to = answer.headers.get("location");
      if (answer.status < 300 || answer.status >= 400 || to === null) {
        const hint = "Check the id, and set HF_TOKEN for a private repository.";
        return await checkedAnswer(answer, about, { secret: this.#token, hint });
      }
      await answer.body?.cancel();
      const next = new URL(to, url);
      const isAllowed = next.origin === origin ||
        mayLeave && next.protocol === "https:" && await mayLead(new URL(origin), next);
      if (!isAllowed) throw invalid(...about, `it is redirected to ${shown(next.origin)}`);
      url = next;
    }
    throw invalid(...about, `more than ${MOST_REDIRECTS} redirects`);
  }

  async #page(path: string): Promise<{ value: unknown; next: string | undefined }> {
    const answer = await this.#send(path);
    const [, link] = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("link") ?? "") ?? [];
    const about = [ACTION, shown(path)] as const, signal = this.#signal;
    return { value: await jsonIn(answer, about, { mostBytes: MOST_BYTES, signal }), next: link };
  }

  async json(path: string): Promise<Json> {
    const { value } = await this.#page(path);
    if (isJsonObject(value)) return value;
    throw invalid(ACTION, shown(path), "the answer is not an object");
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
        throw invalid(ACTION, shown(path), "its next page is on another host");
      }
      at = next;
    }
  }

  async *chunks(path: string): AsyncGenerator<Uint8Array> {
    const answer = await this.#send(path, { mayLeave: true });
    yield* chunksOf(answer, [ACTION, shown(path)], this.#signal);
  }
}
