// Which store the options mean, and its URL.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parsePrefix, prefixPath, S3_NAMES } from "../bucket/keys.ts";
import { findS3Provider, type S3Provider } from "../s3_providers.ts";

export interface PlaceOptions {
  bucket: string;
  prefix?: string;
  provider?: string;
  endpoint?: string;
  region?: string;
}

export interface S3Place {
  provider: S3Provider;
  bucket: string;
  /** Empty, or ending with `/`. */
  prefix: string;
  /** The endpoint; undefined = as the SDK finds it. */
  endpoint?: string;
  /** The region; undefined = as the SDK finds it. */
  region?: string;
  /** Canonical URL without secrets. */
  location: string;
}

/** Reads the options. Does no I/O. Throws `Invalid` for what cannot be, `Unsupported` for S3 Express. */
export function parsePlace(options: PlaceOptions): S3Place {
  const { bucket } = options;
  const provider = findS3Provider(options.provider ?? "s3");
  checkBucketName(bucket);
  const prefix = parsePrefix(options.prefix ?? "", S3_NAMES);
  const given = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
  const region = options.region ?? provider.defaultRegion ??
    (given === undefined ? undefined : "us-east-1");
  const derived = region === undefined ? undefined : provider.defaultEndpoint?.(region);
  const endpoint = given ?? derived;
  if (endpoint === undefined && provider.id !== "s3") {
    const hint = provider.defaultEndpoint === undefined
      ? "Give its endpoint, in a URL as ?endpoint=http://host:port."
      : "Give its region or its endpoint.";
    throw invalid(`nobody said where the bucket is of ${provider.title}`, hint);
  }
  const query = given !== undefined && given !== derived
    ? `?endpoint=${given}`
    : derived !== undefined
    ? `?region=${region}`
    : "";
  return {
    provider,
    bucket,
    prefix,
    endpoint,
    region,
    location: `${provider.id}://${bucket}${prefixPath(prefix)}${query}`,
  };
}

function checkBucketName(bucket: string): void {
  if (typeof bucket !== "string" || !/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,62}$/.test(bucket)) {
    throw invalid(
      `${shown(bucket)} is no name of a bucket`,
      "3 to 63 letters, digits, dots, dashes and underscores, without s3:// before them.",
    );
  }
  if (/--x-s3$/.test(bucket)) {
    throw fault({
      code: "Unsupported",
      action: "use bucket",
      subject: `"${bucket}"`,
      state: "directory buckets of S3 Express are not listed in order",
      hint: "Use a general purpose bucket.",
    });
  }
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid(
      `the endpoint is no http or https URL`,
      "Give it as in https://storage.example.com:9000.",
    );
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw invalid(
      `the endpoint has more than host, port and path`,
      "Give credentials as credentials, never in a URL.",
    );
  }
  return url.href.replace(/\/$/, "");
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "use this store", state, hint });
}
