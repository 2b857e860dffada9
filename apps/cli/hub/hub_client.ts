// Requests to a hub: the Hugging Face Hub, or a service with its routes (`serve --hf`).
import { fault, type RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../mod.ts";
import { invalid } from "../program/hints.ts";

export const PUBLIC_HUB = "https://huggingface.co";

export interface HubRepo {
  kind: "models" | "datasets";
  /** `org/repo` or `repo`. */
  id: string;
}

export interface HubOptions {
  /** @default the public hub */
  endpoint?: string;
  /** Sent to the endpoint alone, never to where it redirects. */
  token?: string;
  system: System;
  signal: AbortSignal;
}

/** A file of a revision. */
export interface HubFile {
  path: string;
  /** Bytes. */
  size: number;
  /** The digest of the content by which the hub knows it. */
  digest: { algorithm: "sha256" | "git"; hex: string };
}

export interface HubRevision {
  /** 40 hexadecimal digits. */
  commit: string;
  files: HubFile[];
}

/** A connection to one hub. */
export interface Hub {
  /** Its URL, without credentials. */
  readonly endpoint: string;
  /** Throws `NotFound` or `Denied` if the hub does not return it. */
  read(repo: HubRepo, revision: string): Promise<HubRevision>;
  /** Returns the content from an offset; `offset` of the result is 0 if it ignored the range. */
  content(
    repo: HubRepo,
    file: { commit: string; path: string; offset: number },
  ): Promise<{ offset: number; body: ReadableStream<Uint8Array> }>;
}

const REPO = /^(?:(models|datasets)\/)?((?:[\w.-]+\/)?[\w.-]+)$/;

/** Parses `org/repo`, `datasets/org/repo` or `models/org/repo`. */
export function parseRepo(text: string): HubRepo {
  const [, kind = "models", id] = REPO.exec(text) ?? [];
  if (id !== undefined && !/^\.+$|^\.+\/|\/\.+$/.test(id)) {
    return { kind: kind as HubRepo["kind"], id };
  }
  const hint = "Pass org/name or datasets/org/name. Save a folder with: holdfast save NAME FOLDER";
  throw invalid(`import ${JSON.stringify(text)}`, "not a repository id", hint);
}

/** Requests without progress until one fails, and the wait after the first, milliseconds. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 1000;

/** Calls again after failures that may pass. `progress` returns a number that grows with progress. */
export async function withPatience<T>(
  call: () => Promise<T>,
  { system, signal, progress = () => 0 }: Pick<HubOptions, "system" | "signal"> & {
    progress?: () => number;
  },
): Promise<T> {
  for (let attempt = 1, last = progress();; attempt++) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if ((error as Partial<RegistryError>).code !== "Unavailable") throw error;
      const now = progress();
      if (now > last) [attempt, last] = [1, now];
      if (attempt >= ATTEMPTS) throw error;
      await system.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
    }
  }
}

export function openHub({ endpoint = PUBLIC_HUB, token, system, signal }: HubOptions): Hub {
  const base = parseEndpoint(endpoint);
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};

  async function send(url: URL, what: string, more: Record<string, string> = {}) {
    let response: Response;
    try {
      response = await fetch(url, { headers: { ...headers, ...more }, signal });
    } catch (cause) {
      signal.throwIfAborted();
      throw unavailable(what, base, `no answer from ${base.host}`, cause);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw refused(what, base, response, token !== undefined);
  }

  async function pages(first: URL, what: string): Promise<unknown[]> {
    const items: unknown[] = [];
    for (let next: URL | undefined = first; next !== undefined;) {
      const url: URL = next;
      const { page, link } = await withPatience(async () => {
        const response = await send(url, what);
        return { page: await jsonOf(response, what, base), link: response.headers.get("link") };
      }, { system, signal });
      if (!Array.isArray(page)) throw odd(what, base);
      for (const item of page) items.push(item);
      const [, target] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "") ?? [];
      const isEndless = page.length === 0 || items.length > MOST_ITEMS;
      if (target !== undefined && isEndless) throw odd(what, base);
      next = target === undefined ? undefined : new URL(target, url);
      if (next !== undefined && next.origin !== base.origin) throw odd(what, base); // the token stays
    }
    return items;
  }

  return {
    endpoint: base.href.replace(/\/$/, ""),
    async read({ kind, id }, revision) {
      const what = `${id} at ${revision}`;
      const about = new URL(`api/${kind}/${id}/revision/${encodeURIComponent(revision)}`, base);
      const info = await withPatience(
        async () => await jsonOf(await send(about, what), what, base),
        { system, signal },
      ) as { sha?: unknown };
      const commit = info?.sha;
      if (typeof commit !== "string" || !/^[0-9a-f]{40}$/.test(commit)) throw odd(what, base);
      const tree = new URL(`api/${kind}/${id}/tree/${commit}?recursive=true`, base);
      const entries = await pages(tree, what);
      return { commit, files: entries.map((entry) => fileOf(entry, what, base)).filter(isGiven) };
    },
    async content({ kind, id }, { commit, path, offset }) {
      const prefix = kind === "datasets" ? "datasets/" : "";
      const encoded = path.split("/").map(encodeURIComponent).join("/");
      const url = new URL(`${prefix}${id}/resolve/${commit}/${encoded}`, base);
      const range: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const identity = { "accept-encoding": "identity", ...range };
      const { status, headers, body } = await send(url, path, identity);
      const [, begin] = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "") ?? [];
      const isRest = status === 206 && Number(begin) === offset;
      if (status === 206 && !isRest) throw odd(path, base);
      return { offset: isRest ? offset : 0, body: body ?? new Blob([]).stream() };
    },
  };
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.parse(endpoint.endsWith("/") ? endpoint : `${endpoint}/`);
  const isUsable = url !== null && /^https?:$/.test(url.protocol);
  if (isUsable && url.username === "" && url.password === "") return url;
  const state = isUsable ? "it contains a password" : "it is not an HTTP URL";
  const hint = "Pass a URL such as https://huggingface.co, and the token as HF_TOKEN.";
  throw invalid("use the endpoint", state, hint);
}

/** The most files and folders of a revision, and bytes of one answer about them. */
const MOST_ITEMS = 1_000_000;
const MOST_BYTES = 64 * 1024 * 1024;

async function jsonOf(response: Response, what: string, base: URL): Promise<unknown> {
  const text = await textOf(response).catch((cause) => {
    throw unavailable(what, base, `the connection to ${base.host} broke`, cause);
  });
  if (text === undefined) throw odd(what, base);
  try {
    return JSON.parse(text);
  } catch {
    throw odd(what, base);
  }
}

/** Returns undefined for a text that is too long. */
async function textOf({ body }: Response): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "", size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) return undefined; // this cancels the body
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

interface TreeEntry {
  type: "file";
  path: string;
  size: number;
  oid: string;
  lfs?: { oid: string };
}

/** Returns undefined for a folder. */
function fileOf(entry: unknown, what: string, base: URL): HubFile | undefined {
  const { type, path, size, oid, lfs } = (entry ?? {}) as Partial<TreeEntry>;
  if (type !== "file") return undefined;
  const digest = lfs === undefined
    ? { algorithm: "git", hex: oid } as const
    : { algorithm: "sha256", hex: lfs.oid?.replace(/^sha256:/, "") } as const;
  const digits = digest.algorithm === "git" ? 40 : 64;
  const { hex } = digest;
  const isDigest = typeof hex === "string" && hex.length === digits && /^[0-9a-f]+$/.test(hex);
  if (typeof path !== "string" || !Number.isSafeInteger(size) || size! < 0 || !isDigest) {
    throw odd(what, base);
  }
  return { path, size: size!, digest: { ...digest, hex } };
}

function isGiven<T>(value: T | undefined): value is T {
  return value !== undefined;
}

const ACTION = "import";

export function unavailable(
  what: string,
  base: Pick<URL, "host">,
  state: string,
  cause?: unknown,
): RegistryError {
  const hint = `Check the connection to ${base.host}, then rerun the command: it continues.`;
  return fault({ code: "Unavailable", action: ACTION, subject: what, state, hint, cause });
}

/** An answer that no hub gives. */
function odd(what: string, base: URL): RegistryError {
  const state = `${base.host} answered with something that is not from a hub`;
  const hint = "Check --endpoint: it must be the Hugging Face Hub or a service with its routes.";
  return fault({ code: "Unsupported", action: ACTION, subject: what, state, hint });
}

function refused(
  what: string,
  base: URL,
  { status, headers }: Response,
  hasToken: boolean,
): RegistryError {
  const kind = headers.get("x-error-code");
  if (status === 429 || status >= 500) {
    return unavailable(what, base, `${base.host} answered with status ${status}`);
  }
  if (status === 401 || status === 403) {
    const gated = kind === "GatedRepo";
    const state = gated
      ? "the token has no access"
      : hasToken
      ? "the token is invalid or has no read access"
      : "no such repository, or a token is required";
    const hint = gated
      ? `Request access at ${base.origin}, or set HF_TOKEN to a token that has access.`
      : "Check the id; for a private repository set HF_TOKEN.";
    return fault({ code: "Denied", action: ACTION, subject: what, state, hint });
  }
  const state = kind === "RevisionNotFound"
    ? "no such revision"
    : kind === "EntryNotFound"
    ? "no such file"
    : "no such repository";
  const hint = kind === "RevisionNotFound"
    ? "Pass a branch, a tag or a commit: --revision main"
    : "Check the id: datasets begin with datasets/, as in datasets/org/name.";
  return fault({ code: "NotFound", action: ACTION, subject: what, state, hint });
}
