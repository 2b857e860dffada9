// Access to the SDK, and headers added to its requests.
import { createHash } from "node:crypto";
import { eitherSignal } from "../../core/work/until_aborted.ts";
import { isLong, UploadBody } from "../bucket/upload_body.ts";
import type { S3Provider } from "../s3_providers.ts";
import { wasAnswered } from "./errors.ts";
import { VAGUE } from "./meanings.ts";
import type {
  ListedObject,
  ListPage,
  PlainRequest,
  ReplyHeaders,
  S3CallName,
  S3Calls,
} from "./calls.ts";
import type { SendOptions, Signer } from "./calls.ts";

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

/** The part of an `S3Client` of `@aws-sdk/client-s3` that is used. */
export interface S3SdkClient {
  // deno-lint-ignore no-explicit-any -- only one file imports the types of the SDK
  send(command: any, options: { abortSignal?: AbortSignal; requestTimeout?: number }): Promise<any>;
  destroy(): void;
  readonly config: {
    // deno-lint-ignore no-explicit-any -- as above
    readonly credentials: any;
    serviceConfiguredEndpoint?(): Promise<string | undefined>;
    region(): Promise<string>;
    readonly runtime?: string;
  };
}

interface WireParts {
  client: S3SdkClient;
  /** Sends long bodies; absent if the client is the caller's. */
  uploads?: Uploads;
  /** Milliseconds until a request times out; absent if its connection has a limit. */
  timeoutMs?: number;
  provider: S3Provider;
  /** Receives the host of each request, and each answer of the store. */
  contact: { asked(host: string): void; make(): void };
  command(name: S3CallName, input: unknown): unknown;
  log: { reason?: string };
  requesterPays?: boolean;
}

/** A client without time limit, whose requests are watched. */
interface Uploads {
  readonly client: () => S3SdkClient;
  /** Milliseconds without progress. */
  readonly timeoutMs: number;
}

/** The SDK: builds, signs and sends requests, each once. */
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
    const { client, uploads, command, provider, contact, requesterPays, timeoutMs } = this.#parts;
    const prepared = command(name, input) as SdkCommand;
    const { Body } = input as { Body?: Uint8Array };
    const upload = uploads !== undefined && Body !== undefined && isLong(Body.byteLength)
      ? new UploadBody([Body])
      : undefined;
    let headers: Record<string, string> = {};
    addStep(prepared, (next) => async (args) => {
      prepare(name, args.request, provider);
      if (upload !== undefined) args.request.body = upload.stream;
      Object.assign(args.request.headers, options.headers);
      if (requesterPays) args.request.headers["x-amz-request-payer"] = "requester";
      contact.asked(hostOf(args.request));
      const result = await next(args).catch((error) => {
        if (wasAnswered(error, name)) contact.make();
        throw error;
      });
      if (isOfStore(name, result.output)) contact.make();
      headers = (result.response as Partial<ReplyHeaders> | undefined)?.headers ?? {};
      return result;
    });
    const explain = (error: unknown) => Promise.reject(this.#explained(error));
    if (upload === undefined) {
      const limits = { abortSignal: options.signal, requestTimeout: timeoutMs };
      const sent = client.send(prepared, limits);
      return { output: await sent.catch(explain), headers };
    }
    const over = new AbortController(), lost = new AbortController();
    upload.watch(uploads!.timeoutMs, () => lost.abort(), over.signal);
    try {
      const abortSignal = eitherSignal(lost.signal, options.signal);
      const sent = uploads!.client().send(prepared, { abortSignal });
      return { output: await sent.catch(explain), headers };
    } catch (error) {
      throw lost.signal.aborted ? { name: "TimeoutError", message: "no progress" } : error;
    } finally {
      over.abort();
    }
  }

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
    const { accessKeyId, secretAccessKey, sessionToken } = await credentials().catch(
      (error: SdkError) => {
        const status = error.$metadata?.httpStatusCode ?? 0;
        // A missing file of a token, or a role that may not be assumed.
        const isOwn = status >= 400 && status < 500 || /^(ENOENT|EACCES)$/.test(error.code ?? "");
        const { message } = error;
        throw this.#explained(isOwn ? { name: "CredentialsProviderError", message } : error);
      },
    );
    return { accessKeyId, secretAccessKey, sessionToken, region: await region() };
  }

  /** Replaces the sentence of a search in vain by the one about the profile. */
  #explained(error: unknown): unknown {
    const { name, message = "" } = error as SdkError;
    const { reason } = this.#parts.log;
    const isVague = name === "CredentialsProviderError" && message.endsWith(VAGUE);
    return isVague && reason !== undefined ? { name, message: reason } : error;
  }
}

interface SdkError {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
}

function addStep(command: SdkCommand, step: Middleware): void {
  command.middlewareStack.add(step, { step: "build", priority: "low" });
}

function prepare(name: S3CallName, request: SdkRequest, provider: S3Provider): void {
  const { headers, body } = request;
  // The signed checksum covers the bytes; hashing them again would cost more than sending them.
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

/**
 * Fields that every store sends. A gateway may also answer 200, with a page, an empty body or half
 * of a reply, which must not count as the end of a listing, a finished create or an old object.
 */
const REQUIRED: { [N in S3CallName]?: (output: S3Calls[N][1]) => unknown } = {
  ListObjectsV2: isWholePage,
  HeadObject: ({ LastModified }) => LastModified,
  GetObject: ({ LastModified }) => LastModified,
  CopyObject: ({ CopyObjectResult: found }) => found?.ETag && found.LastModified,
  PutObject: ({ ETag }) => ETag,
  UploadPart: ({ ETag }) => ETag,
  CreateMultipartUpload: ({ UploadId }) => UploadId,
  CompleteMultipartUpload: ({ ETag }) => ETag,
};

/**
 * Returns undefined for a page that neither is the last one nor leads to the next, or has an object
 * without a time or size: it would seem old enough to be removed, or live.
 */
function isWholePage({ IsTruncated, NextContinuationToken, Contents = [] }: ListPage): unknown {
  const isCut = ({ Key, Size, LastModified }: ListedObject) =>
    [Key, Size, LastModified].includes(undefined);
  if (Contents.some(isCut)) return undefined;
  return IsTruncated === false || (IsTruncated && NextContinuationToken) || undefined;
}

function isOfStore(name: S3CallName, output: unknown): boolean {
  const required = REQUIRED[name] as ((output: unknown) => unknown) | undefined;
  return required === undefined || required(output) !== undefined;
}

/** Throws like the SDK if a successful reply lacks a field that every store sends. */
export function checkReply<N extends S3CallName>(name: N, output: S3Calls[N][1]): void {
  if (isOfStore(name, output)) return;
  throw {
    name: "EmptyReply",
    message: `not a reply to ${name}`,
    $metadata: { httpStatusCode: 200 },
  };
}
