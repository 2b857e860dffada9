// Signatures in a label, which no key made.
import { createHash } from "node:crypto";

/** Returns signatures by their ids, each as large as one of a key P-256. */
export function storedSignatures(count: number): Record<string, object> {
  const sig = btoa("\x30".repeat(72)), addedAt = new Date(0).toISOString();
  return Object.fromEntries(Array.from({ length: count }, (_, at) => {
    const keyHash = createHash("sha256").update(String(at)).digest("hex");
    return [keyHash.slice(0, 16), { keyHash, sig, addedAt, subject: "models:digits" }];
  }));
}
