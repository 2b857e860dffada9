// Presigned URLs: V4 signatures, created here with a private key.
// https://cloud.google.com/storage/docs/access-control/signed-urls
import { contentDisposition } from "../../core/naming/names.ts";
import type { PresignOptions } from "../../core/backend.ts";
import type { GcsApi } from "./api.ts";
import { failure, withoutSecrets } from "./errors.ts";
import type { SignIn } from "./sign_in.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

export async function presignObject(
  { api, signIn }: { api: GcsApi; signIn: SignIn },
  key: string,
  { expiresInMs, fileName, signal }: PresignOptions,
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
      version: "v4",
      action: "read",
      accessibleAt: new Date(now),
      expires: new Date(now + expiresInMs),
      responseType: "application/octet-stream", // no object becomes a page or a script of the store
      responseDisposition: contentDisposition("attachment", fileName),
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
