// Names of options of buckets in other libraries, each with ours: the only list of them. Options
// accept them; a URL has one spelling, and its error names it.
import { invalid } from "../../core/errors.ts";
import type { BackendPlace } from "../../core/urls/store_place.ts";

export type Words = Readonly<Record<string, string>>;

const BUCKET_WORDS: Words = {
  bucketName: "bucket",
  bucket_name: "bucket",
  create_bucket: "createBucket",
  endPoint: "endpoint",
  endpoint_url: "endpoint",
  useSSL: "secure",
  use_ssl: "secure",
};

export const KEY_WORDS: Words = {
  aws_access_key_id: "accessKeyId",
  aws_secret_access_key: "secretAccessKey",
  aws_session_token: "sessionToken",
  accessKey: "accessKeyId",
  access_key: "accessKeyId",
  access_key_id: "accessKeyId",
  secretKey: "secretAccessKey",
  secret_key: "secretAccessKey",
  secret_access_key: "secretAccessKey",
  session_token: "sessionToken",
};

export const ACCOUNT_WORDS: Words = {
  project_id: "projectId",
  credentialsPath: "keyFilename",
  credentials_path: "keyFilename",
  key_filename: "keyFilename",
};

/** Other spellings of S3 options, each with the canonical name. */
export const S3_WORDS: Words = { ...BUCKET_WORDS, ...KEY_WORDS, region_name: "region" };

/** Other spellings of options of Google Cloud Storage, each with the canonical name. */
export const GCS_WORDS: Words = { ...BUCKET_WORDS, ...ACCOUNT_WORDS };

/** Keys of S3. */
export const KEYS = ["accessKeyId", "secretAccessKey", "sessionToken"];
/** Options of a Google account. */
export const ACCOUNT = ["projectId", "keyFilename"];

/**
 * Throws `Invalid` for a parameter of a URL, or an option beside it, that is the word of an option of
 * a bucket, with what to write.
 */
export function checkUrlWords(
  { scheme, bucket, parameters }: BackendPlace,
  options?: readonly string[],
): void {
  const account = "Set GOOGLE_APPLICATION_CREDENTIALS, or pass `keyFilename` to createGcsBackend.";
  const stem = `${scheme}_${bucket}`.toUpperCase().replace(/[^A-Z0-9]/g, "_");
  const isGoogle = /^gc?s$/.test(scheme);
  const keys = isGoogle
    ? account
    : `Set ${stem}_ACCESS_KEY and ${stem}_SECRET_KEY, or pass \`credentials\` as an option.`;
  const hints: Record<string, string | undefined> = {
    bucket: `Write the bucket after the scheme: ${scheme}://bucket.`,
    secure: "Write the scheme in the endpoint: ?endpoint=http://host:port.",
    createBucket: "Pass createBucket as an option.",
    keyFilename: account,
    projectId: "Pass `projectId` to createGcsBackend.",
    endpoint: options && "Write ?endpoint=URL.",
    region: isGoogle ? "Omit the region: the bucket has one." : options && "Write ?region=NAME.",
    ...Object.fromEntries(KEYS.map((name) => [name, keys])),
  };
  for (const name of options ?? Object.keys(parameters)) {
    const words: Words = { ...S3_WORDS, ...GCS_WORDS };
    const canonical = Object.hasOwn(words, name) ? words[name]! : name;
    const renamed = canonical === name ? undefined : `Write ${canonical}.`;
    const hint = (Object.hasOwn(hints, canonical) ? hints[canonical] : undefined) ?? renamed;
    if (hint === undefined) continue;
    const state = `${name} is not ${options ? "an option beside it" : "a parameter"}`;
    throw invalid("use the URL", `${scheme}://${bucket}`, state, { hint });
  }
}
