// The SDK behind {@linkcode S3Wire}, and what is added to each of its requests.
import { createHash } from "node:crypto";
import type { S3Provider } from "../s3_providers.ts";
import { isWordless } from "./errors.ts";
import { isOfStore } from "./replies.ts";
import type { PlainRequest, S3CallName, S3Calls, S3Wire } from "./calls.ts";

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
  command(name: S3CallName, input: unknown): unknown;
  provider: S3Provider;
  /** Hears of each answer of a store, whatever it says, and of the host that is asked. */
  heard: { asked(host: string): void; answered(): void };
  close(): void;
}

export function createWire({ client, command, provider, heard, close }: WireParts): S3Wire {
  return {
    async send<N extends S3CallName>(
      name: N,
      input: S3Calls[N][0],
      options: Parameters<S3Wire["send"]>[2],
    ) {
      const prepared = command(name, input) as SdkCommand;
      let headers: Record<string, string> = {};
      addStep(prepared, (next) => async (args) => {
        prepare(name, args.request, provider);
        Object.assign(args.request.headers, options.headers);
        heard.asked(hostOf(args.request));
        const result = await next(args).catch((error) => {
          if (wasAnswered(name, error)) heard.answered();
          throw error;
        });
        if (isOfStore(name, result.output)) heard.answered();
        headers = (result.response as { headers?: Record<string, string> } | undefined)?.headers ??
          {};
        return result;
      });
      const output = await client.send(prepared, { abortSignal: options.signal });
      return { output: output as S3Calls[N][1], headers };
    },

    async build(name, input) {
      const prepared = command(name, input) as SdkCommand;
      let built: SdkRequest | undefined;
      addStep(prepared, () => ({ request }) => {
        built = request;
        return Promise.resolve({ output: { $metadata: {} } }); // nothing is sent
      });
      await client.send(prepared, {});
      return plainRequest(built!);
    },

    async signer() {
      const { credentials, region } = client.config;
      const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
      return { accessKeyId, secretAccessKey, sessionToken, region: await region() };
    },

    close,
  };
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
