// Keys and versions that tests sign.
import { generateKeyPairSync } from "node:crypto";
import { openRegistry, type Registry } from "../../../mod.ts";

export interface KeyPair {
  privateKey: string;
  publicKey: string;
}

export function ecKeys(namedCurve = "P-256"): KeyPair {
  return generateKeyPairSync("ec", {
    namedCurve,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

export function edKeys(): KeyPair {
  return generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

export const NAME = "models:digits";

/** A registry with one version of one value. */
export async function withVersion(): Promise<Registry> {
  const registry = await openRegistry("memory:", { mutable: true });
  await registry.save(NAME, { layers: [3, 4] }, { version: "1.0.0" });
  return registry;
}
