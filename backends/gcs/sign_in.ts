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

export interface SignIn {
  /** Base of all URLs, without `/` at its end. */
  readonly endpoint: string;
  readonly customEndpoint?: string;
  pass(signal?: AbortSignal): Promise<Pass>;
  /** Forgets a credential that the store refused; true where another one can be asked for. */
  refused(pass: Pass): boolean;
  /** A client that holds a private key, or undefined where there is none. */
  signer(signal?: AbortSignal): Promise<GcsClient | undefined>;
  projectId(signal?: AbortSignal): Promise<string>;
}

type Ask = () => GcsCredential | Promise<GcsCredential>;

type Session = { token: string } | { client: GcsClient };

/** Prepares signing in; asks nobody yet. */
export function createSignIn(options: SignInOptions): SignIn {
  const { projectId, keyFilename, credentials, newClient, timeoutMs } = options;
  const ask = typeof credentials === "function" ? credentials : undefined;
  const key = typeof credentials === "function" ? undefined : credentials;
  const client = options.storage ?? newClient(key);
  const endpoint = plainEndpoint(client.apiEndpoint);
  // What answers without TLS is an emulator: it gets no credentials but those that a function gives for it.
  const anonymous = options.storage === undefined
    ? client.customEndpoint && endpoint.startsWith("http:")
    : client.customEndpoint && client.useAuthWithCustomEndpoint !== true;

  let current: Promise<Session> | undefined;

  /** What the function gave; calls at the same time wait for one answer. */
  async function session(
    from: Ask,
    signal?: AbortSignal,
  ): Promise<{ given: Session; asked: Promise<Session> }> {
    const asked = current ??= begin(from);
    try {
      return { given: await withDeadline(asked, { timeoutMs, signal }), asked };
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (current === asked) current = undefined;
      throw fault({
        code: "TaskFailed",
        action: "sign in",
        state: "the function that gives credentials failed",
        hint: "See the cause.",
        cause,
      });
    }
  }

  async function begin(from: Ask): Promise<Session> {
    const given = await from();
    return typeof given === "string" ? { token: given } : { client: newClient(given) };
  }

  async function clientHeaders(
    client: GcsClient,
    signal?: AbortSignal,
  ): Promise<Record<string, string>> {
    try {
      const headers = await withDeadline(client.authClient.getRequestHeaders(endpoint), {
        timeoutMs,
        signal,
      });
      return Object.fromEntries(new Headers(headers as HeadersInit));
    } catch (error) {
      throw signInFailure(error, signal);
    }
  }

  return {
    endpoint,
    customEndpoint: client.customEndpoint ? endpoint : undefined,

    async pass(signal) {
      if (ask !== undefined) {
        const { given, asked } = await session(ask, signal);
        if ("token" in given) return { headers: { authorization: `Bearer ${given.token}` }, asked };
        return { headers: await clientHeaders(given.client, signal), asked };
      }
      return { headers: anonymous ? {} : await clientHeaders(client, signal) };
    },

    refused(pass) {
      if (pass.asked === undefined) return false;
      if (current === pass.asked) current = undefined;
      return true;
    },

    async signer(signal) {
      if (ask !== undefined) {
        const { given } = await session(ask, signal);
        return "client" in given ? given.client : undefined;
      }
      const explicit = key !== undefined || keyFilename !== undefined;
      if (anonymous && !explicit) return undefined; // looking for a key would ask a metadata server that is not there
      try {
        await withDeadline(client.authClient.getClient(), { timeoutMs, signal });
      } catch (error) {
        throw signInFailure(error, signal);
      }
      const { jsonContent } = client.authClient;
      return jsonContent !== null && "private_key" in jsonContent ? client : undefined;
    },

    async projectId(signal) {
      if (projectId !== undefined) return projectId;
      if (anonymous) return "emulated";
      try {
        return await withDeadline(client.authClient.getProjectId(), { timeoutMs, signal });
      } catch (error) {
        throw signInFailure(error, signal);
      }
    },
  };
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
