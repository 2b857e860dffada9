// Presigned URLs: V4 signatures, created here with a private key.
// https://cloud.google.com/storage/docs/access-control/signed-urls
import { contentDisposition } from "../../core/naming/names.ts";
import type { PresignedPut, PresignOptions, PresignPutOptions } from "../../core/backend.ts";
import type { GcsApi } from "./api.ts";
import { failure, withoutSecrets } from "./errors.ts";
import type { GcsSignedUrlOptions, SignIn } from "./sign_in.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

interface Signing {
  api: GcsApi;
  signIn: SignIn;
}

export async function presignObject(
  signing: Signing,
  key: string,
  options: PresignOptions,
): Promise<string> {
  return await sign(signing, key, options, {
    action: "read",
    responseType: "application/octet-stream", // no object becomes a page or a script of the store
    responseDisposition: contentDisposition("attachment", options.fileName),
  });
}

/**
 * Returns a request that creates one object. Its size is signed, and its CRC-32C if it is given. The
 * store has no SHA-256: read the object before you trust one.
 */
export async function presignPut(
  signing: Signing,
  key: string,
  options: PresignPutOptions,
): Promise<PresignedPut> {
  const { size, crc32c } = options;
  const headers: Record<string, string> = {
    "x-goog-content-length-range": `${size},${size}`,
    "x-goog-if-generation-match": "0",
    ...(crc32c === undefined ? {} : { "x-goog-hash": `crc32c=${crc32c}` }),
  };
  const url = await sign(signing, key, options, { action: "write", extensionHeaders: headers });
  return { url, headers };
}

async function sign(
  { api, signIn }: Signing,
  key: string,
  { expiresInMs, signal }: Pick<PresignOptions, "expiresInMs" | "signal">,
  options: Omit<GcsSignedUrlOptions, "version" | "accessibleAt" | "expires">,
): Promise<string> {
  const { place, system } = api;
  const call = { action: "sign a URL for", key, backend: place.location };
  const name = place.nameOf(key);
  if (!(expiresInMs >= 1000 && expiresInMs <= WEEK_MS)) {
    throw failure(`expiresInMs is ${expiresInMs}`, call, {
      code: "Invalid",
      hint: "Pass 1,000 (a second) to 604,800,000 (seven days).",
    });
  }
  const client = await signIn.signer(signal);
  if (client === undefined) {
    throw failure("the credentials contain no private key", call, {
      code: "Unsupported",
      hint: "Open the bucket with the key of a service account: `credentials` or `keyFilename`.",
    });
  }
  const now = system.now();
  try {
    const [url] = await client.bucket(place.bucket).file(name).getSignedUrl({
      ...options,
      version: "v4",
      accessibleAt: new Date(now),
      expires: new Date(now + expiresInMs),
    });
    return url;
  } catch (error) {
    // The message may contain the key.
    throw failure(withoutSecrets((error as Error).name), call, {
      code: "Denied",
      hint: "Pass the private key exactly as in the JSON file of the service account.",
    });
  }
}
