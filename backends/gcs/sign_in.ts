// Who asks: Google's client library finds and renews credentials, knows the endpoint, and signs
// URLs. Its uploads are not used: on a connection that died they hang or are sent twice, and no
// option keeps them from it.
import { fault } from "../../core/errors.ts";
import { withDeadline } from "../../core/retry.ts";
import { SIGN_IN_HINT, withoutSecrets } from "./errors.ts";

/** What is used of a client: a `Storage` of `@google-cloud/storage` is one. */
export interface GcsClient {
  readonly apiEndpoint: string;
  /** Whether that is not Google's own endpoint. */
  readonly customEndpoint: boolean;
  /** Whether it signs in at such an endpoint too. */
  readonly useAuthWithCustomEndpoint?: boolean;
  readonly authClient: GcsAuth;
  bucket(name: string): { file(name: string): GcsUrlSigner };
}

/** Credentials, found and renewed. */
export interface GcsAuth {
  /** The key file, where there is one and it was read. */
  readonly jsonContent: object | null;
  getRequestHeaders(url?: string): Promise<HeadersInit | object>;
  getClient(): Promise<unknown>;
  getProjectId(): Promise<string>;
}

/** Signs URLs of one object. */
export interface GcsUrlSigner {
  getSignedUrl(options: GcsSignedUrlOptions): Promise<[string]>;
}

/** What a signed URL is for. */
export interface GcsSignedUrlOptions {
  version: "v4";
  action: "read" | "write";
  accessibleAt: Date;
  expires: Date;
  /** The media type that must be sent. */
  contentType?: string;
  /** The `Content-Disposition` of the reply. */
  responseDisposition?: string;
}

/** The key of a service account, as in its JSON file. */
export interface GcsServiceAccountKey {
  client_email: string;
  private_key: string;
}

/** An access token, or the key of a service account. */
export type GcsCredential = string | GcsServiceAccountKey;

/** A key, or a function that is asked for a credential when there is none, and again when the store refuses it. */
export type GcsCredentials = GcsServiceAccountKey | (() => GcsCredential | Promise<GcsCredential>);

export interface SignInOptions {
  projectId?: string;
  keyFilename?: string;
  credentials?: GcsCredentials;
  storage?: GcsClient;
  newClient: (key?: GcsServiceAccountKey) => GcsClient;
  /** How long getting a token may take, milliseconds. */
  timeoutMs: number;
}

export interface Pass {
  headers: Record<string, string>;
  asked?: Promise<unknown>;
}

type Ask = () => GcsCredential | Promise<GcsCredential>;

type Session = { token: string } | { client: GcsClient };

/** Signing in; asks nobody before the first request. */
export class SignIn {
  /** Base of all URLs, without `/` at its end. */
  readonly endpoint: string;
  readonly customEndpoint?: string;
  readonly #options: SignInOptions;
  readonly #ask: Ask | undefined;
  readonly #key: GcsServiceAccountKey | undefined;
  readonly #client: GcsClient;
  /** What answers without TLS is an emulator: it gets no credentials but those that a function gives for it. */
  readonly #anonymous: boolean;
  #current: Promise<Session> | undefined;

  constructor(options: SignInOptions) {
    const { credentials, storage, newClient } = options;
    this.#options = options;
    if (typeof credentials === "function") this.#ask = credentials;
    else this.#key = credentials;
    const client = this.#client = storage ?? newClient(this.#key);
    this.endpoint = plainEndpoint(client.apiEndpoint);
    if (client.customEndpoint) this.customEndpoint = this.endpoint;
    this.#anonymous = client.customEndpoint &&
      (storage === undefined
        ? this.endpoint.startsWith("http:")
        : client.useAuthWithCustomEndpoint !== true);
  }

  async pass(signal?: AbortSignal): Promise<Pass> {
    if (this.#ask !== undefined) {
      const { given, asked } = await this.#session(this.#ask, signal);
      if ("token" in given) return { headers: { authorization: `Bearer ${given.token}` }, asked };
      return { headers: await this.#headers(given.client, signal), asked };
    }
    return { headers: this.#anonymous ? {} : await this.#headers(this.#client, signal) };
  }

  /** Forgets a credential that the store refused; true where another one can be asked for. */
  refused({ asked }: Pass): boolean {
    if (asked === undefined) return false;
    if (this.#current === asked) this.#current = undefined;
    return true;
  }

  /** A client that holds a private key, or undefined where there is none. */
  async signer(signal?: AbortSignal): Promise<GcsClient | undefined> {
    if (this.#ask !== undefined) {
      const { given } = await this.#session(this.#ask, signal);
      return "client" in given ? given.client : undefined;
    }
    const explicit = this.#key !== undefined || this.#options.keyFilename !== undefined;
    if (this.#anonymous && !explicit) return undefined; // looking for a key would ask a metadata server that is not there
    const { authClient } = this.#client;
    await this.#asking(() => authClient.getClient(), signal);
    const { jsonContent } = authClient;
    return jsonContent !== null && "private_key" in jsonContent ? this.#client : undefined;
  }

  async projectId(signal?: AbortSignal): Promise<string> {
    if (this.#options.projectId !== undefined) return this.#options.projectId;
    if (this.#anonymous) return "emulated";
    return await this.#asking(() => this.#client.authClient.getProjectId(), signal);
  }

  /** What the function gave; calls at the same time wait for one answer. */
  async #session(
    from: Ask,
    signal?: AbortSignal,
  ): Promise<{ given: Session; asked: Promise<Session> }> {
    const asked = this.#current ??= this.#begin(from);
    try {
      const { timeoutMs } = this.#options;
      return { given: await withDeadline(asked, { timeoutMs, signal }), asked };
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (this.#current === asked) this.#current = undefined;
      throw fault({
        code: "TaskFailed",
        action: "sign in",
        state: "the function that gives credentials failed",
        hint: "See the cause.",
        cause,
      });
    }
  }

  async #begin(from: Ask): Promise<Session> {
    const given = await from();
    return typeof given === "string"
      ? { token: given }
      : { client: this.#options.newClient(given) };
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

/** Errors of the library carry the request with its secrets: only their text is kept, without those. */
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
    hint: passes ? "The token server did not answer; try again later." : SIGN_IN_HINT,
  });
}
