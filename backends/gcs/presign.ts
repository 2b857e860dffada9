// Presigned URLs: V4 signatures, created here with a private key. Google's library signs the host
// without its port, which no client sends.
// https://cloud.google.com/storage/docs/access-control/signed-urls
import { createSign } from "node:crypto";
import { contentDisposition } from "../../core/naming/names.ts";
import type { PresignedPut, PresignOptions, PresignPutOptions } from "../../core/backend.ts";
import { encode, type QuerySignature, signQuery } from "../bucket/query_signature.ts";
import type { GcsApi } from "./api.ts";
import { failure, withoutSecrets } from "./errors.ts";
import type { SignIn } from "./sign_in.ts";

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
    method: "GET",
    query: {
      "response-content-type": "application/octet-stream", // no object becomes a page of the store
      "response-content-disposition": contentDisposition("attachment", options.fileName),
    },
    headers: {},
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
  const url = await sign(signing, key, options, { method: "PUT", query: {}, headers });
  return { url, headers };
}

async function sign(
  { api, signIn }: Signing,
  key: string,
  { expiresInMs, signal }: Pick<PresignOptions, "expiresInMs" | "signal">,
  asked: Pick<QuerySignature, "method" | "query" | "headers">,
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
  const account = await signIn.signer(signal);
  if (account === undefined) {
    throw failure("the credentials contain no private key", call, {
      code: "Unsupported",
      hint: "Open the bucket with the key of a service account: `credentials` or `keyFilename`.",
    });
  }
  const { protocol, host, pathname } = new URL(signIn.endpoint);
  try {
    return signQuery({
      ...asked,
      protocol,
      host,
      path: [pathname.replace(/\/$/, ""), place.bucket, ...name.split("/").map(encode)].join("/"),
      at: new Date(system.now() + api.aheadMs),
      expiresInSeconds: Math.floor(expiresInMs / 1000),
      vendor: {
        prefix: "X-Goog",
        algorithm: "GOOG4-RSA-SHA256",
        accessId: account.client_email,
        scope: "auto/storage/goog4_request",
        sign: (text) => createSign("RSA-SHA256").update(text).sign(account.private_key, "hex"),
      },
    });
  } catch (error) {
    // The message may contain the key.
    throw failure(withoutSecrets((error as Error).name), call, {
      code: "Denied",
      hint: "Pass the private key exactly as in the JSON file of the service account.",
    });
  }
}
