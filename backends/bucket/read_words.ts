// Options of buckets under their canonical names: those of other libraries are accepted, unless two
// name the same option.
import { fault, type RegistryError } from "../../core/errors.ts";
import { nearest } from "../../core/text/nearest.ts";
import {
  ACCOUNT,
  ACCOUNT_WORDS,
  GCS_WORDS,
  KEY_WORDS,
  KEYS,
  S3_WORDS,
  type Words,
} from "./words.ts";

const URI_HINT = "Omit `uri`: pass `bucket` and `prefix`, or pass the URL to openBackend.";

const GOOGLE_HINT = "Use createGcsBackend for Google Cloud Storage.";
const CONFIG = ["endpoint", "secure", "region", "expiration", "bucket", ...KEYS];
/** Members of a printed configuration, and those that AWS adds to credentials. */
const OF_AWS = ["toJSON", "accountId", "credentialScope", "$source"];

type Options = Record<string, unknown>;

/** Returns the options of an S3 bucket under their canonical names. Throws `Invalid`. */
export function readS3Words<O extends object>(options: O, action = "open bucket"): O {
  if (!isObject(options)) return options;
  const read = rename(options, S3_WORDS, action);
  refuse(read, ["uri"], { action, hint: URI_HINT });
  refuse(read, [...Object.keys(ACCOUNT_WORDS), ...ACCOUNT], { action, hint: GOOGLE_HINT });
  const keys = KEYS.filter((name) => read[name] !== undefined);
  if (keys[0] === undefined) return withEndpoint(read, action) as O;
  if (read.credentials !== undefined) {
    throw invalid(action, `credentials and ${keys[0]} are both given`, "Keep one of them.");
  }
  const credentials = Object.fromEntries(keys.map((name) => [name, read[name]]));
  const none = Object.fromEntries(keys.map((name) => [name, undefined]));
  return withEndpoint(changed(read, { ...none, credentials }), action) as O;
}

/** Returns the options of a bucket of Google under their canonical names. Throws `Invalid`. */
export function readGcsWords<O extends object>(options: O, action = "open bucket"): O {
  if (!isObject(options)) return options;
  const read = rename(options, GCS_WORDS, action);
  refuse(read, ["uri"], { action, hint: URI_HINT });
  refuse(read, [...Object.keys(KEY_WORDS), ...KEYS], {
    action,
    hint: "Pass `keyFilename`, the file of a service account, or use createS3Backend.",
  });
  if (typeof read.credentials === "string" && read.credentials !== "anonymous") {
    throw invalid(action, "credentials is a string", "Pass the path of a key as `keyFilename`.");
  }
  return withEndpoint(read, action) as O;
}

/** Returns the configuration of an S3 bucket under its canonical names. Throws `Invalid`. */
export function readConfigWords(
  config: Options,
  { bucket, action, subject }: { bucket: string; action: string; subject: string },
): Options {
  const present = Object.entries(config).filter(([, value]) => (value ?? "") !== "");
  for (const [name] of present) {
    if (CONFIG.includes(S3_WORDS[name] ?? name) || OF_AWS.includes(name)) continue;
    const meant = name === "uri" ? "endpoint" : nearest(name, CONFIG);
    const isOfGoogle = ACCOUNT.includes(GCS_WORDS[name] ?? name);
    const hint = `Pass ${meant === undefined ? `only ${CONFIG.join(", ")}` : `\`${meant}\``}.`;
    throw invalid(action, `unknown option ${name}`, isOfGoogle ? GOOGLE_HINT : hint, subject);
  }
  const read = rename(Object.fromEntries(present), S3_WORDS, action, subject);
  if ((read.bucket ?? bucket) !== bucket) {
    const hint = "Omit `bucket`: the configuration is registered for one.";
    throw invalid(action, "bucket is that of another configuration", hint, subject);
  }
  return withEndpoint(read, action, subject);
}

/** Adds a scheme to a host: by `secure`, else https, on this machine http. Throws `Invalid`. */
export function endpointOf(
  endpoint: string,
  secure: boolean | undefined,
  { action, subject }: { action: string; subject?: string },
): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(endpoint)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$)/i.test(endpoint);
    return endpoint === "" ? "" : `${secure ?? !isHere ? "https" : "http"}://${endpoint}`;
  }
  if (secure === undefined || scheme === (secure ? "https" : "http")) return endpoint;
  const state = `secure is ${secure}, and the scheme of the endpoint is not ${
    secure ? "https" : "http"
  }`;
  throw invalid(action, state, "Omit `secure`: the scheme of the endpoint is enough.", subject);
}

function withEndpoint(read: Options, action: string, subject?: string): Options {
  const { endpoint, secure } = read;
  if (endpoint === undefined && secure === undefined) return read;
  if (secure !== undefined && typeof secure !== "boolean") {
    throw invalid(action, `secure is a ${typeof secure}`, "Pass true or false.", subject);
  }
  if (endpoint === undefined && !secure) {
    throw invalid(action, "secure is false without an endpoint", "Pass `endpoint`.", subject);
  }
  if (endpoint !== undefined && typeof endpoint !== "string") return read;
  const full = endpoint && endpointOf(endpoint, secure, { action, subject });
  return changed(read, { endpoint: full, secure: undefined });
}

/** Returns the options under their canonical names. Throws `Invalid` for one that is given twice. */
function rename(options: object, words: Words, action: string, subject?: string): Options {
  const given = options as Options;
  const names = new Map<string, string>();
  for (const name of [...new Set(Object.values(words)), ...Object.keys(words)]) {
    if (given[name] === undefined || given[name] === null) continue;
    const canonical = words[name] ?? name;
    const other = names.get(canonical);
    if (other !== undefined) {
      throw invalid(action, `${other} is given twice, also as ${name}`, "Keep one.", subject);
    }
    names.set(canonical, name);
  }
  const renamed = [...names].filter(([canonical, name]) => canonical !== name);
  if (renamed.length === 0) return given;
  return changed(given, {
    ...Object.fromEntries(renamed.map(([, name]) => [name, undefined])),
    ...Object.fromEntries(renamed.map(([canonical, name]) => [canonical, given[name]])),
  });
}

function refuse(
  read: Options,
  names: readonly string[],
  { action, hint }: { action: string; hint: string },
): void {
  const name = names.find((name) => read[name] !== undefined);
  if (name !== undefined) throw invalid(action, `unknown option ${name}`, hint);
}

/** Returns the options with other values, also those that a class provides. */
function changed(options: Options, values: Options): Options {
  return Object.assign(Object.create(options), values);
}

function isObject(options: unknown): boolean {
  return typeof options === "object" && options !== null && !Array.isArray(options);
}

function invalid(action: string, state: string, hint: string, subject?: string): RegistryError {
  return fault({ code: "Invalid", action, subject, state, hint });
}
