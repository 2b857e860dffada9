// Parsed URLs of stores.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { checkBucket, parseStoreUrl } from "./store_url.ts";

/** A parsed URL of a store: `scheme://bucket/prefix?name=value&…`. */
export interface BackendPlace {
  /** The whole URL; for `file` possibly a path. */
  url: string;
  /** In lower case. */
  scheme: string;
  /** Empty for `file` and `memory`. */
  bucket: string;
  /** The decoded path, without slashes at either end. */
  prefix: string;
  /** The query parameters. */
  parameters: Readonly<Record<string, string>>;
}

/** Parses the URL of a bucket. Throws `Invalid` without showing parts that could be secret. */
export function parsePlace(url: string): BackendPlace {
  const { scheme, bucket, path } = parseStoreUrl(url);
  checkBucket(bucket, scheme);
  const [folder = "", ...rest] = path.split("?");
  const prefix = decodePrefix(folder, `${scheme}://${bucket}/…`).replace(/^\/+|\/+$/g, "");
  return {
    url,
    scheme,
    bucket,
    prefix,
    parameters: parseParameters(rest.join("?"), `${scheme}://${bucket}`),
  };
}

/** Throws `Invalid` for unknown parameters and for an invalid `endpoint`. */
export function checkParameters(
  { parameters, scheme, bucket }: BackendPlace,
  known: readonly string[],
): void {
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown === undefined) return checkEndpoint(parameters.endpoint);
  throw invalid(
    `${scheme}://${bucket}`,
    `unknown parameter ${shown(unknown)}`,
    `Use ${known.join(", ")}. Pass credentials as options or environment variables.`,
  );
}

/** Returns true for a parameter that is `true`, false without it. Throws `Invalid` otherwise. */
export function isOn({ scheme, bucket, parameters }: BackendPlace, name: string): boolean {
  const value = parameters[name];
  if (value === undefined || value === "true") return value !== undefined;
  throw invalid(
    `${scheme}://${bucket}`,
    `${name} is not "true"`,
    `Write ?${name}=true, or omit it.`,
  );
}

/** Throws `Invalid` for an endpoint that is not an HTTP URL or contains credentials. */
function checkEndpoint(endpoint: string | undefined): void {
  if (endpoint === undefined) return;
  const url = /^https?:\/\//i.test(endpoint) && URL.canParse(endpoint)
    ? new URL(endpoint)
    : undefined;
  if (url !== undefined && url.username === "" && url.password === "") return;
  const state = url === undefined
    ? "it does not start with https:// or http://"
    : "it contains credentials";
  const hint = "Write https://host:port; pass credentials as options or environment variables.";
  throw fault({ code: "Invalid", action: "use the store endpoint", state, hint });
}

function parseParameters(query: string, url: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (value === "") {
      throw invalid(url, `parameter ${shown(name)} has no value`, "Write ?name=value.");
    }
    if (parameters.has(name)) {
      throw invalid(url, `parameter ${shown(name)} is set twice`, "Set it once.");
    }
    parameters.set(name, value);
  }
  return Object.fromEntries(parameters);
}

function decodePrefix(text: string, url: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw invalid(url, "invalid percent escape", "Write % as %25.", cause);
  }
}

function invalid(url: string, state: string, hint: string, cause?: unknown): RegistryError {
  return fault({ code: "Invalid", action: "use the URL", subject: url, state, hint, cause });
}
