// What a URL says about a store.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { checkBucket, parseStoreUrl } from "./store_url.ts";

/** What a URL says about a store: `scheme://bucket/prefix?name=value&…`. */
export interface BackendPlace {
  /** The whole of it; for `file` it may be a path. */
  url: string;
  /** What stands before `:`, in lower case. */
  scheme: string;
  /** What stands between `//` and the next `/`; empty for `file` and `memory`. */
  bucket: string;
  /** What follows, without slashes around it; percent escapes are decoded. */
  prefix: string;
  /** What is set behind `?`. */
  parameters: Readonly<Record<string, string>>;
}

/** Takes the URL of a bucket apart. Throws `Invalid`, and shows nothing in it that could be a secret. */
export function parsePlace(url: string): BackendPlace {
  const { scheme, bucket, path } = parseStoreUrl(url);
  checkBucket(bucket, scheme);
  const [folder, ...rest] = path.split("?");
  const prefix = decodePrefix(folder, `${scheme}://${bucket}/…`).replace(/^\/+|\/+$/g, "");
  return {
    url,
    scheme,
    bucket,
    prefix,
    parameters: parseParameters(rest.join("?"), `${scheme}://${bucket}`),
  };
}

/** Throws `Invalid` where parameters other than these are set, and for an `endpoint` that is none. */
export function checkParameters(
  { parameters, scheme, bucket }: BackendPlace,
  known: readonly string[],
): void {
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown === undefined) return checkEndpoint(parameters.endpoint);
  throw invalid(
    `${scheme}://${bucket}`,
    `${shown(unknown)} is none of its parameters`,
    `They are: ${
      known.join(", ")
    }. Credentials do not belong into a URL: give them by an option or the environment.`,
  );
}

/** Throws `Invalid` for what is not the URL of a service, and for one that holds credentials, without showing it. */
function checkEndpoint(endpoint: string | undefined): void {
  if (endpoint === undefined) return;
  const url = /^https?:\/\//i.test(endpoint) && URL.canParse(endpoint)
    ? new URL(endpoint)
    : undefined;
  if (url !== undefined && url.username === "" && url.password === "") return;
  const state = url === undefined
    ? "it does not begin with https:// or http://"
    : "it has credentials in it";
  throw fault({
    code: "Invalid",
    action: "use the endpoint of the store",
    state,
    hint:
      "Write it as https://host or https://host:port; credentials are given by an option or the environment.",
  });
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
    throw invalid(url, "it has a % that begins no escape", "Write % as %25.", cause);
  }
}

function invalid(url: string, state: string, hint: string, cause?: unknown): RegistryError {
  return fault({ code: "Invalid", action: "use the URL", subject: url, state, hint, cause });
}
