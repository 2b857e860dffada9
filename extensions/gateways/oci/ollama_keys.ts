// Keys of Ollama's clients. A client signs its request for a token with its key, and the service has
// the token of each key in a file.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { notFound, sha256 } from "../../../core/kernel.ts";

/** How much older or newer than its arrival a signature may be, milliseconds. */
const WITHIN_MS = 5 * 60 * 1000;
const SIGNED = /^([\w+/]+=*):([\w+/]{86}==)$/;
/** The beginning of a public key of SSH, before 32 bytes, and of one in SPKI. */
const SSH = Buffer.concat([length(11), Buffer.from("ssh-ed25519"), length(32)]);
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Returns the token of the key that signed a request, undefined if none did.
 *
 * @param file lines of `ssh-ed25519 KEY TOKEN`, read again for each request
 * @param url the address as the client knows it, with its query
 */
export function tokenOfKey(
  file: string,
  { authorization, url, nowMs }: { authorization: string; url: URL; nowMs: number },
): string | undefined {
  const [, key = "", signature = ""] = SIGNED.exec(authorization) ?? [];
  const sentMs = Number(url.searchParams.get("ts")) * 1000;
  if (key === "" || !(Math.abs(nowMs - sentMs) <= WITHIN_MS)) return undefined;
  const line = (readKeys(file) ?? "").split("\n").map((line) => line.trim().split(/\s+/))
    .find(([type, known]) => type === "ssh-ed25519" && known === key);
  const token = line?.[2];
  const bytes = Buffer.from(key, "base64");
  if (token === undefined || bytes.length !== SSH.length + 32 || bytes.indexOf(SSH) !== 0) return;
  const der = Buffer.concat([SPKI, bytes.subarray(SSH.length)]);
  const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
  const signed = `GET,${url},${Buffer.from(sha256("")).toString("base64")}`;
  const isRight = verify(null, Buffer.from(signed), publicKey, Buffer.from(signature, "base64"));
  return isRight ? token : undefined;
}

/** Throws `NotFound` for a file that cannot be read. */
export function checkKeys(file: string): void {
  if (readKeys(file) !== undefined) return;
  const state = "the file is missing, or this user may not read it";
  throw notFound("read the keys of Ollama's clients", file, state, {
    hint: "Create it with lines of: ssh-ed25519 KEY TOKEN",
  });
}

/** Without its file, no key has a token. */
function readKeys(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function length(bytes: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(bytes);
  return field;
}
