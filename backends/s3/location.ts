// The store that the options select, and its URL.
import { fault, type RegistryError, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parsePrefix, prefixPath, S3_NAMES } from "../bucket/keys.ts";
import { findS3Provider, type S3Provider } from "../s3_providers.ts";

interface PlaceOptions {
  bucket: string;
  prefix?: string;
  provider?: string;
  endpoint?: string;
  region?: string;
}

/** The location of a bucket. */
export interface S3Place {
  provider: S3Provider;
  bucket: string;
  /** Empty, or ending with `/`. */
  prefix: string;
  /** @default found by the SDK */
  endpoint?: string;
  /** @default found by the SDK */
  region?: string;
  /** The canonical URL, without secrets. */
  location: string;
}

/** Parses the options, without I/O. Throws `Invalid`, or `Unsupported` for S3 Express. */
export function parsePlace(options: PlaceOptions): S3Place {
  const { bucket } = options;
  const provider = findS3Provider(options.provider ?? "s3");
  checkBucketName(bucket);
  const prefix = parsePrefix(options.prefix ?? "", S3_NAMES);
  const optionEndpoint = options.endpoint === undefined
    ? undefined
    : parseEndpoint(options.endpoint);
  const region = options.region ?? provider.defaultRegion ??
    (optionEndpoint === undefined ? undefined : "us-east-1");
  const derived = region === undefined ? undefined : provider.defaultEndpoint?.(region);
  const endpoint = optionEndpoint ?? derived;
  if (endpoint === undefined && provider.id !== "s3") {
    const hint = provider.defaultEndpoint === undefined
      ? "Pass `endpoint`, or add ?endpoint=http://host:port to the URL."
      : "Pass region or endpoint.";
    throw invalid(`the endpoint of ${provider.title} is not set`, hint);
  }
  const query = optionEndpoint !== undefined && optionEndpoint !== derived
    ? `?endpoint=${optionEndpoint}`
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
  if (typeof bucket !== "string" || !/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw invalid(
      `invalid bucket name ${shown(bucket)}`,
      /^arn:/.test(bucket)
        ? "Use the alias of the access point, which ends with -s3alias."
        : "Use 3 to 63 lowercase letters, digits, dots, dashes and underscores, without s3://. " +
          "The first and last must be a letter or digit.",
    );
  }
  if (/--x-s3$/.test(bucket)) {
    const state = "S3 Express directory buckets do not list keys in byte order";
    const hint = "Use a general purpose bucket.";
    throw unsupported("open bucket", `"${bucket}"`, state, { hint });
  }
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid(
      "the endpoint is not an http or https URL",
      "Use a URL like https://storage.example.com:9000.",
    );
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw invalid(
      "the endpoint contains more than host, port and path",
      "Pass credentials as `credentials`, never in a URL.",
    );
  }
  return url.href.replace(/\/$/, "");
}

export function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "open bucket", state, hint });
}
