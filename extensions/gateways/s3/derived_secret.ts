// Secrets of tokens for clients that have no session tokens, and for presigned URLs. They follow from
// the hash of the token and a key of the service, so neither the token file nor the key alone signs.
import { createHmac, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { corrupt, denied, notFound } from "../../../core/kernel.ts";
import { known } from "./known.ts";

const secrets = new Map<string, string>();

/** Returns the secret of a stored token. Its access key is the id. */
export function secretOf(key: string, { id, sha256 }: { id: string; sha256: string }): string {
  const text = `holdfast-s3/1\n${id}\n${sha256}`;
  const make = () => createHmac("sha256", key).update(text).digest("base64url");
  return known(secrets, `${key}\n${text}`, make);
}

/** Reads the key of a service from its file. */
export async function readKey(file: string): Promise<string> {
  const action = "read the S3 key";
  let text = "";
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      throw notFound(action, file, "no such file", {
        hint: "Print the S3 secret of a token: that creates the key.",
      });
    }
    if (code !== "EISDIR") {
      const hint = "Give it to the user of this service.";
      throw denied(action, file, "this user may not read it", { hint, cause });
    }
  }
  if (/^[\w-]{43,}$/.test(text)) return text;
  throw corrupt(action, file, "not an S3 key", {
    hint: "Restore it from a backup. With another key, all S3 secrets change.",
  });
}

/** Creates the file of a key, for this user only, unless it is there. Returns true if it is new. */
export async function createKey(file: string): Promise<boolean> {
  try {
    const key = `${randomBytes(32).toString("base64url")}\n`;
    await writeFile(file, key, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
