// Requests to the service, or to the files of an exported site.
import { sitePath } from "../../../apps/server/explorer/site_path.ts";
import { TabToken } from "./tab_token.ts";

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface AskOptions {
  readonly method?: string;
  readonly query?: Query;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An answer that is a problem document, or no answer at all (status 0). */
export class ServiceError extends Error {
  readonly status: number;
  readonly hint?: string;
  /** A name or ref that may be meant. */
  readonly suggestion?: string;
  constructor(
    status: number,
    message: string,
    { hint, suggestion }: { hint?: string; suggestion?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.suggestion = suggestion;
  }
}

export interface Rights {
  /** False if the service has tokens and this page has no valid one. */
  readonly known: boolean;
  readonly admin: boolean;
  readonly writable: boolean;
  readonly scopes: readonly string[];
  /** The name with which changes are recorded, and the id of the token. */
  readonly by?: { readonly name: string; readonly token?: string };
  /** The identity provider that issued the token. */
  readonly issuer?: string;
  /** ISO 8601. */
  readonly expiresAt?: string;
}

export interface About {
  readonly id: string;
  readonly settings: { versioned: boolean; mutable: boolean; graceMs: number };
  readonly service: { name: string; version: string };
  readonly features: readonly string[];
}

const REDIRECTS = [301, 302, 303, 307, 308];

/** A service, and the rights of this page on it. */
export interface Opened {
  readonly service: Service;
  readonly about: About;
  readonly rights: Rights;
}

/** The content of an exported site, in hints. */
export const SITE_HINT = "A site contains the versions that were exported, with their aliases, " +
  "changes, files and lineage. It lacks other versions, notes, runs, jobs and storage.";

/** Returns the error of what an exported site lacks. */
export function notInSite(): ServiceError {
  return new ServiceError(404, "Cannot show this: it is not in this site", { hint: SITE_HINT });
}

/** The beginning of a listing. */
export interface Beginning<T> {
  readonly items: readonly T[];
  /** More items follow. */
  readonly isCut: boolean;
}

export class Service {
  /** Ends with `/`. */
  readonly base: string;
  readonly isSite: boolean;
  readonly token: TabToken;

  constructor(
    base: string,
    { isSite = false, token = new TabToken(base) } = {},
  ) {
    this.base = base;
    this.isSite = isSite;
    this.token = token;
  }

  get hasToken(): boolean {
    return this.token.value !== undefined;
  }

  url(path: string, query: Query = {}): string {
    if (this.isSite) {
      const ref = query.ref === undefined ? undefined : String(query.ref);
      return this.base + sitePath(path, { ref });
    }
    const entries = Object.entries(query).filter(([, value]) => value !== undefined);
    const text = new URLSearchParams(entries.map(([key, value]) => [key, String(value)]))
      .toString();
    return this.base + path + (text === "" ? "" : `?${text}`);
  }

  /** Returns the answer, or throws a {@linkcode ServiceError}. */
  async ask(path: string, options: AskOptions = {}): Promise<Response> {
    if (this.isSite) return await this.#answered(path, options);
    await this.token.beforeRequest();
    const token = this.token.value;
    const response = await this.#answered(path, options, token);
    if (response.status !== 401) return await successOf(response);
    if (!await this.token.afterRefusal(token)) return await this.#refused(response, token);
    const renewed = this.token.value;
    const second = await this.#answered(path, options, renewed);
    return second.status === 401 ? await this.#refused(second, renewed) : await successOf(second);
  }

  async #refused(response: Response, token: string | undefined): Promise<never> {
    this.token.refuse(token);
    throw await problemOf(response);
  }

  async #answered(path: string, options: AskOptions, token?: string): Promise<Response> {
    const { method = "GET", query, json, headers = {}, signal } = options;
    const body = json === undefined ? options.body : JSON.stringify(json);
    let response: Response;
    try {
      response = await fetch(this.url(path, query), {
        method,
        body,
        signal,
        credentials: "omit",
        redirect: this.isSite ? "follow" : "manual", // it could send the token elsewhere
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      const what = this.isSite ? "site" : "service";
      throw new ServiceError(0, `Cannot reach the ${what}`, { hint: "Check that it still runs." });
    }
    if (response.type === "opaqueredirect" || REDIRECTS.includes(response.status)) {
      throw new ServiceError(0, "Cannot reach the service: something in between redirects", {
        hint: "Reload the page: a proxy may ask you to sign in.",
      });
    }
    if (!this.isSite || response.ok) return response;
    if (response.status !== 404) throw await problemOf(response);
    throw notInSite();
  }

  async json<T>(path: string, options: AskOptions = {}): Promise<T> {
    return await (await this.ask(path, options)).json() as T;
  }

  /** Returns the first items of a listing, from as many pages as they take. */
  async first<T>(path: string, limit: number, options: AskOptions = {}): Promise<Beginning<T>> {
    const items: T[] = [];
    let after: string | undefined;
    for (;;) {
      const query = { ...options.query, after, limit: limit - items.length };
      const page = await this.json<{ items: T[]; next?: string }>(path, { ...options, query });
      items.push(...page.items);
      after = page.next;
      const isCut = after !== undefined;
      if (!isCut || items.length >= limit) return { items, isCut };
    }
  }

  /** Returns all items of a listing. `onItems` receives them while they arrive. */
  async list<T>(
    path: string,
    { onItems, ...options }: AskOptions & { onItems?: (items: readonly T[]) => void } = {},
  ): Promise<T[]> {
    const headers = { accept: "application/x-ndjson" };
    const response = await this.ask(path, this.isSite ? options : { ...options, headers });
    if (this.isSite) {
      const { items } = await response.json() as { items: T[] };
      onItems?.(items);
      return items;
    }
    const all: T[] = [];
    let rest = "";
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) all.push(JSON.parse(line));
      onItems?.(all);
    }
    return all;
  }
}

/** The parts of a problem document that the page shows. */
interface Problem {
  readonly detail: string;
  readonly hint?: string;
  /** Present if `hint` is for users of the HTTP API only. */
  readonly hints?: unknown;
  readonly suggestion?: string;
}

async function successOf(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<ServiceError> {
  const { status } = response;
  try {
    const { detail, hint, hints, suggestion } = await response.json() as Problem;
    // A hint for each kind of reader is about routes: the page has links instead.
    return new ServiceError(status, detail, { hint: hints ? undefined : hint, suggestion });
  } catch {
    return new ServiceError(status, `Cannot answer: status ${status}`);
  }
}

/** The rights of scopes that have several. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  write: ["save", "move", "delete"],
  promote: ["move", "promote"],
};

/** Returns true if the rights allow a change of a name, or without a name of any. */
export function mayChange(
  { admin, writable, scopes }: Rights,
  right: "save" | "move" | "promote" | "delete",
  name?: string,
): boolean {
  return writable && hasRight({ admin, scopes }, right, name);
}

/** Returns true if the rights allow reading a name. */
export function mayRead(rights: Rights, name: string): boolean {
  return hasRight(rights, "read", name);
}

function hasRight(
  { admin, scopes }: Pick<Rights, "admin" | "scopes">,
  right: string,
  name?: string,
): boolean {
  return admin || scopes.some((scope) => {
    const [, granted = "", pattern] = /^(\w+):(.*)$/s.exec(scope) ?? [];
    if (pattern === undefined || !(GRANTS[granted] ?? [granted]).includes(right)) return false;
    if (name === undefined) return true;
    return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
  });
}
