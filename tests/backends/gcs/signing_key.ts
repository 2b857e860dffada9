// The key of a service account that exists in tests only.
import { generateKeyPairSync } from "node:crypto";
import type { GcsServiceAccountKey } from "../../../backends/gcs.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 1024, // a longer one takes half a second to make
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

/** Its key. */
export const SIGNING_KEY: GcsServiceAccountKey = {
  client_email: "tests@holdfast.iam.gserviceaccount.com",
  private_key: privateKey,
};

/** The key with which a strict fake checks its signatures. */
export const SIGNERS: Record<string, string> = { [SIGNING_KEY.client_email]: publicKey };
