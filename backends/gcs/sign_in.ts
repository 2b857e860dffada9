// Sign-in. Google's library finds and renews credentials, and determines the endpoint.
// Its uploads are not used: on a broken connection they hang or are sent twice.
import { fault, taskFailed } from "../../core/errors.ts";
import { withDeadline } from "../../core/retry.ts";
import { SIGN_IN, withoutSecrets } from "./errors.ts";

/** The part of a `Storage` of `@google-cloud/storage` that is used. */
export interface GcsClient {
  readonly apiEndpoint: string;
  /** True if that is not the endpoint of Google. */
  readonly customEndpoint: boolean;
  /** True to sign in also at a custom endpoint. */
  readonly useAuthWithCustomEndpoint?: boolean;
  readonly authClient: GcsAuth;
}

/** Source of credentials. */
export interface GcsAuth {
  /** The content of the key file, once read. */
  readonly jsonContent: object | null;
  getRequestHeaders(url?: string): Promise<object>;
  getClient(): Promise<unknown>;
  getProjectId(): Promise<string>;
}

/** The key of a service account, as in its JSON file. */
export interface GcsServiceAccountKey {
  client_email: string;
  private_key: string;
}

/** An access token, or the key of a service account. */
export type GcsCredential = string | GcsServiceAccountKey;

/** A key, or a function that returns a credential, called again if the store rejects it. */
export type GcsCredentials = GcsServiceAccountKey | (() => GcsCredential | Promise<GcsCredential>);

interface SignInOptions {
  projectId?: string;
  keyFilename?: string;
  credentials?: GcsCredentials | "anonymous";
  storage?: GcsClient;
  newClient: (key?: GcsServiceAccountKey) => GcsClient;
  /** Milliseconds until a request for a token times out. */
  timeoutMs: number;
}

export interface Pass {
  headers: Record<string, string>;
  asked?: Promise<unknown>;
}

type Ask = () => GcsCredential | Promise<GcsCredential>;

type Session = { token: string } | { client: GcsClient };

/** Sign-in to a store. Sends nothing before the first request. */
export class SignIn {
  /** The base URL, without `/` at its end. */
  readonly endpoint: string;
  readonly customEndpoint?: string;
  readonly #options: SignInOptions;
  readonly #ask: Ask | undefined;
  readonly #key: GcsServiceAccountKey | undefined;
  readonly #client: GcsClient;
  /** True on request, and for an emulator: it receives no credentials except those of a function. */
  readonly #anonymous: boolean;
  #current: Promise<Session> | undefined;

  constructor(options: SignInOptions) {
    const { credentials, storage, newClient } = options;
    this.#options = options;
    if (typeof credentials === "function") this.#ask = credentials;
    else if (credentials !== "anonymous") this.#key = credentials;
    const client = this.#client = storage ?? newClient(this.#key);
    this.endpoint = plainEndpoint(client.apiEndpoint);
    if (client.customEndpoint) this.customEndpoint = this.endpoint;
    this.#anonymous = credentials === "anonymous" || client.customEndpoint &&
        (storage === undefined
          ? this.endpoint.startsWith("http:")
          : client.useAuthWithCustomEndpoint !== true);
  }

  async pass(signal?: AbortSignal): Promise<Pass> {
    if (this.#ask !== undefined) {
      const { session, asked } = await this.#session(this.#ask, signal);
      if ("token" in session) {
        return { headers: { authorization: `Bearer ${session.token}` }, asked };
      }
      return { headers: await this.#headers(session.client, signal), asked };
    }
    return { headers: this.#anonymous ? {} : await this.#headers(this.#client, signal) };
  }

  /** Forgets a rejected credential. Returns true if a function can return another. */
  refused({ asked }: Pass): boolean {
    if (asked === undefined) return false;
    if (this.#current === asked) this.#current = undefined;
    return true;
  }

  /** Returns the account whose private key signs URLs, if there is one. */
  async signer(signal?: AbortSignal): Promise<GcsServiceAccountKey | undefined> {
    let client = this.#client;
    if (this.#ask !== undefined) {
      const { session } = await this.#session(this.#ask, signal);
      if (!("client" in session)) return undefined;
      client = session.client;
    }
    const { keyFilename } = this.#options;
    const explicit = [this.#ask, this.#key, keyFilename].some((given) => given !== undefined);
    if (this.#anonymous && !explicit) return undefined; // the search would query a metadata server
    const { authClient } = client;
    await this.#asking(() => authClient.getClient(), signal);
    const { jsonContent } = authClient;
    return jsonContent !== null && "private_key" in jsonContent
      ? jsonContent as GcsServiceAccountKey
      : undefined;
  }

  async projectId(signal?: AbortSignal): Promise<string> {
    if (this.#options.projectId !== undefined) return this.#options.projectId;
    if (this.#anonymous) return "emulated";
    return await this.#asking(() => this.#client.authClient.getProjectId(), signal);
  }

  /** Returns the result of the function; concurrent calls share one. */
  async #session(
    from: Ask,
    signal?: AbortSignal,
  ): Promise<{ session: Session; asked: Promise<Session> }> {
    const asked = this.#current ??= this.#begin(from);
    try {
      const { timeoutMs } = this.#options;
      return { session: await withDeadline(asked, { timeoutMs, signal }), asked };
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (this.#current === asked) this.#current = undefined;
      throw taskFailed("sign in", undefined, "the `credentials` function failed", {
        hint: "Fix the `credentials` function: its error is in `cause`.",
        cause,
      });
    }
  }

  async #begin(from: Ask): Promise<Session> {
    const credential = await from();
    return typeof credential === "string"
      ? { token: credential }
      : { client: this.#options.newClient(credential) };
  }

  async #headers(client: GcsClient, signal?: AbortSignal): Promise<Record<string, string>> {
    const headers = await this.#asking(
      () => client.authClient.getRequestHeaders(this.endpoint),
      signal,
    );
    return Object.fromEntries(new Headers(headers as HeadersInit));
  }

  async #asking<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await withDeadline(ask(), { timeoutMs: this.#options.timeoutMs, signal });
    } catch (error) {
      throw signInFailure(error, signal);
    }
  }
}

function plainEndpoint(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
}

/** Keeps only the redacted message: errors of the library contain the request with its secrets. */
function signInFailure(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  const { message, code, status } = error as { message?: string; code?: unknown; status?: number };
  const passes = typeof status === "number"
    ? status >= 500 || status === 429
    : /^E[A-Z_]+$/.test(String(code)) && code !== "ENOENT" && code !== "EACCES";
  return fault({
    code: passes ? "Unavailable" : "Denied",
    action: "sign in",
    state: withoutSecrets(String(message ?? error)).replace(/\.$/, ""),
    ...passes ? { hint: "Try again later: the token server does not answer." } : SIGN_IN,
  });
}
