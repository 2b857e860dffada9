// Configuration of SDK clients.
import { fault, unsupported } from "../../core/errors.ts";
import { timerMs } from "../../core/system.ts";
import { checkCertificates, type Connections } from "../bucket/connections.ts";
import type { S3Provider } from "../s3_providers.ts";
import { checkCredentials, type CredentialCache, type S3Credentials } from "./credentials.ts";
import { invalid } from "./location.ts";

interface ClientOptions {
  credentials?: S3Credentials | "anonymous" | (() => S3Credentials | Promise<S3Credentials>);
  client?: unknown;
  system?: unknown;
  logger?: unknown;
  putOptions?: Record<string, unknown>;
  requestTimeoutMs?: number;
  connectionTimeoutMs?: number;
  ca?: string | readonly string[];
  partBytes?: number;
  parallel?: number;
}

interface ClientPlan {
  provider: S3Provider;
  endpoint?: string;
  region?: string;
  credentials?: CredentialCache;
  connections: Connections;
  log: SdkLog;
  /** Returns the endpoint that the SDK finds in the environment or the profile. */
  configuredEndpoint(): Promise<string | undefined>;
}

/** Keeps why the SDK could not use the profile: its final error omits this. */
export class SdkLog {
  /** The message of the SDK. */
  reason?: string;
  #isOfProfile = false;

  readonly debug = (line: unknown): void => {
    if (/defaultProvider::fromIni$/.test(`${line}`)) this.#isOfProfile = true;
    const said = /^@smithy\/property-provider \S+ (.*)/s.exec(`${line}`)?.[1];
    if (said === undefined || !this.#isOfProfile) return;
    this.#isOfProfile = false;
    this.reason = said.includes("profile: [default]") ? undefined : said; // most have no profile
  };
  trace(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
}

/** Returns the configuration of an SDK client that sends each request once, unchanged. */
export function clientConfig(
  options: ClientOptions & { requestTimeoutMs: number },
  plan: ClientPlan,
) {
  const { requestTimeoutMs, connectionTimeoutMs = 10_000 } = options;
  const { provider, endpoint, region, connections, log, configuredEndpoint } = plan;
  const usesPath = provider.addressStyle === "path" || isForeign(provider, endpoint);
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // The SDK also calls a function, which its types do not say.
    forcePathStyle: endpoint === undefined
      ? (async () =>
        usesPath || isForeign(provider, await configuredEndpoint())) as unknown as boolean
      : usesPath,
    ...credentialConfig(options, plan.credentials),
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED" as const,
    responseChecksumValidation: "WHEN_REQUIRED" as const,
    expectContinueHeader: false,
    disableClockSkewCorrection: true,
    logger: log,
    requestHandler: {
      httpAgent: connections.http,
      httpsAgent: connections.https,
      connectionTimeout: timerMs(connectionTimeoutMs),
      socketTimeout: requestTimeoutMs,
    },
  };
}

/**
 * Returns true for an `s3` endpoint that is not Amazon's: few of those have host names per bucket.
 */
function isForeign({ id }: S3Provider, endpoint: string | undefined): boolean {
  return id === "s3" && endpoint !== undefined &&
    !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

function credentialConfig({ credentials }: ClientOptions, cache: CredentialCache | undefined) {
  if (cache !== undefined) {
    // The expiration disables the cache of the SDK: `CredentialCache` also forgets rejected
    // credentials.
    return { credentials: async () => ({ ...await cache.provide(), expiration: new Date(0) }) };
  }
  if (credentials === "anonymous") {
    const unused = { accessKeyId: "anonymous", secretAccessKey: "anonymous" };
    return { credentials: unused, signer: { sign: <T>(request: T) => Promise.resolve(request) } };
  }
  return credentials === undefined ? {} : { credentials: { ...credentials as S3Credentials } };
}

const MIN_PART_BYTES = 5 * 2 ** 20;

/** Throws `Invalid` or `Unsupported` for impossible options. */
export function checkClientOptions(options: ClientOptions): void {
  const { credentials, partBytes = MIN_PART_BYTES, parallel = 1, putOptions = {} } = options;
  checkCertificates(options.ca);
  if (typeof credentials === "object") checkCredentials(credentials);
  if (!(Number.isSafeInteger(partBytes) && partBytes >= MIN_PART_BYTES)) {
    throw invalid(`partBytes ${partBytes} is too small`, "Pass at least 5,242,880 (5 MiB).");
  }
  if (!(Number.isSafeInteger(parallel) && parallel >= 1)) {
    throw invalid(`parallel is ${parallel}`, "Pass a positive integer.");
  }
  const customer = Object.keys(putOptions).find((name) => name.startsWith("SSECustomer"));
  if (/^(GLACIER|DEEP_ARCHIVE)$/.test(`${putOptions.StorageClass}`)) {
    const state = `objects of the storage class ${putOptions.StorageClass} cannot be read at once`;
    const hint = "Use STANDARD_IA or GLACIER_IR.";
    throw fault({ code: "Unsupported", action: "open bucket", state, hint });
  }
  if (customer !== undefined) {
    const state = `objects encrypted with your own key (${customer}) could not be read back`;
    const hint = "Use ServerSideEncryption, with a key that the store manages.";
    throw unsupported("open bucket", undefined, state, { hint });
  }
}
