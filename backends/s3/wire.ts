// The SDK and what is added to each of its requests.
import { createHash } from "node:crypto";
import type { S3Provider } from "../s3_providers.ts";
import { isWordless } from "./errors.ts";
import type {
  PlainRequest,
  ReplyHeaders,
  S3CallName,
  S3Calls,
  SendOptions,
  Signer,
} from "./calls.ts";

interface SdkRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: unknown;
}

type Middleware = (
  next: (args: { request: SdkRequest }) => Promise<{ output: object; response?: unknown }>,
) => (args: { request: SdkRequest }) => Promise<{ output: object; response?: unknown }>;

interface SdkCommand {
  middlewareStack: { add(step: Middleware, options: { step: "build"; priority: "low" }): void };
}

/** What is used of an `S3Client` of `@aws-sdk/client-s3`. */
export interface S3SdkClient {
  /** Sends a command. */
  // deno-lint-ignore no-explicit-any -- the SDK's own types are in the one file that imports it
  send(command: any, options: { abortSignal?: AbortSignal }): Promise<any>;
  destroy(): void;
  readonly config: {
    /** Gives the credentials. */
    // deno-lint-ignore no-explicit-any -- as above
    readonly credentials: any;
    region(): Promise<string>;
  };
}

export interface WireParts {
  client: S3SdkClient;
  provider: S3Provider;
  /** Hears of each answer of a store, whatever it says, and of the host that is asked. */
  contact: { asked(host: string): void; make(): void };
  command(name: S3CallName, input: unknown): unknown;
}

/** What the SDK does here: it builds, signs and sends requests, each once. */
export class S3Wire {
  readonly #parts: WireParts;

  constructor(parts: WireParts) {
    this.#parts = parts;
  }

  async send<N extends S3CallName>(
    name: N,
    input: S3Calls[N][0],
    options: SendOptions,
  ): Promise<{ output: S3Calls[N][1] } & ReplyHeaders> {
    const { client, command, provider, contact } = this.#parts;
    const prepared = command(name, input) as SdkCommand;
    let headers: Record<string, string> = {};
    addStep(prepared, (next) => async (args) => {
      prepare(name, args.request, provider);
      Object.assign(args.request.headers, options.headers);
      contact.asked(hostOf(args.request));
      const result = await next(args).catch((error) => {
        if (wasAnswered(name, error)) contact.make();
        throw error;
      });
      if (isOfStore(name, result.output)) contact.make();
      headers = (result.response as Partial<ReplyHeaders> | undefined)?.headers ?? {};
      return result;
    });
    const output = await client.send(prepared, { abortSignal: options.signal });
    return { output, headers };
  }

  /** A request that is not sent. */
  async build<N extends S3CallName>(name: N, input: S3Calls[N][0]): Promise<PlainRequest> {
    const { client, command } = this.#parts;
    const prepared = command(name, input) as SdkCommand;
    let built: SdkRequest | undefined;
    addStep(prepared, () => ({ request }) => {
      built = request;
      return Promise.resolve({ output: { $metadata: {} } });
    });
    await client.send(prepared, {});
    return plainRequest(built!);
  }

  async signer(): Promise<Signer> {
    const { credentials, region } = this.#parts.client.config;
    const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
    return { accessKeyId, secretAccessKey, sessionToken, region: await region() };
  }
}

function addStep(command: SdkCommand, step: Middleware): void {
  command.middlewareStack.add(step, { step: "build", priority: "low" });
}

function prepare(name: S3CallName, request: SdkRequest, provider: S3Provider): void {
  const { headers, body } = request;
  // The checksum is signed and says what the bytes are; hashing them once more would cost more than sending them.
  if (name === "PutObject" || name === "UploadPart") {
    headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
  }
  if (name === "DeleteObjects" && provider.checksum === "md5") {
    for (const header of Object.keys(headers)) {
      if (/^x-amz-(checksum|sdk-checksum)-/.test(header)) delete headers[header];
    }
    headers["content-md5"] = createHash("md5").update(body as string).digest("base64");
  }
}

function plainRequest(request: SdkRequest): PlainRequest {
  const { protocol, path, query: { "x-id": _, ...query } } = request;
  return { protocol, host: hostOf(request), path, query };
}

function hostOf({ hostname, port }: SdkRequest): string {
  return port === undefined ? hostname : `${hostname}:${port}`;
}

/** Whether the store answered, and no page that stands in its place. */
function wasAnswered(request: S3CallName, error: unknown): boolean {
  const { name = "Error", $metadata, $response } = (error ?? {}) as {
    name?: string;
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  return status !== undefined && status >= 300 && !isWordless({ name, status }, { request });
}

/**
 * What every store says in its reply. What stands before a store may answer 200 too, with a page or with nothing: taken
 * for an empty listing it would say that nothing refers to anything, taken for a create that something was written.
 */
const SAID: { [N in S3CallName]?: (output: S3Calls[N][1]) => unknown } = {
  ListObjectsV2: ({ Name, KeyCount, IsTruncated }) => Name ?? KeyCount ?? IsTruncated,
  PutObject: ({ ETag }) => ETag,
  UploadPart: ({ ETag }) => ETag,
  CreateMultipartUpload: ({ UploadId }) => UploadId,
  CompleteMultipartUpload: ({ ETag }) => ETag,
};

function isOfStore(name: S3CallName, output: unknown): boolean {
  const said = SAID[name] as ((output: unknown) => unknown) | undefined;
  return said === undefined || said(output) !== undefined;
}

/** Throws as the SDK does where a successful reply lacks what every store says in it. */
export function checkReply<N extends S3CallName>(name: N, output: S3Calls[N][1]): void {
  if (isOfStore(name, output)) return;
  throw {
    name: "EmptyReply",
    message: `not a reply to ${name}`,
    $metadata: { httpStatusCode: 200 },
  };
}
