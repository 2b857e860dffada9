// Signatures of Standard Webhooks (standardwebhooks.com, version 1.0.0): headers `webhook-id`,
// `webhook-timestamp` (seconds since 1970) and `webhook-signature`, which is `v1,` and the base64
// HMAC-SHA256 of `id.timestamp.body`, once per secret, separated by spaces.
import { randomBytes } from "node:crypto";
import type { System } from "../../../../mod.ts";
import {
  checkDurations,
  concatBytes,
  fault,
  invalid,
  parsedJson,
  readAtMost,
  realSystem,
} from "../../../../core/kernel.ts";
import type { RegistryError } from "../../../../core/kernel.ts";
import type { BusEvent } from "../event_bus.ts";
import { instantOf } from "../../../../core/text/iso_time.ts";

const PREFIX = "whsec_";
const encoder = new TextEncoder();

/** Creates a secret of 256 bits, `whsec_…`. */
export function createWebhookSecret(): string {
  return `${PREFIX}${randomBytes(32).toString("base64")}`;
}

/** A `CryptoKey`, a name that TypeScript lacks without the library of browsers. */
type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** Parses a secret. Throws `Invalid`, without quoting it. */
export async function importSecret(secret: string): Promise<SigningKey> {
  const bytes = typeof secret === "string" && secret.startsWith(PREFIX)
    ? decode(secret.slice(PREFIX.length))
    : undefined;
  if (bytes === undefined || bytes.byteLength < 24 || bytes.byteLength > 64) {
    const state = "it is not whsec_ followed by base64 of 24 to 64 bytes";
    const hint =
      "Create one with createWebhookSecret(), and give it to the sender and the receiver.";
    throw invalid("use webhook secret", undefined, state, { hint });
  }
  return await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
}

export async function signatureHeaders(
  keys: readonly SigningKey[],
  { id, seconds, body }: { id: string; seconds: number; body: Uint8Array },
): Promise<Record<string, string>> {
  const content = signedContent(id, String(seconds), body);
  const signatures = await Promise.all(
    keys.map(async (key) => `v1,${encode(await sign(key, content))}`),
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": signatures.join(" "),
  };
}

/**
 * Verifies that a request is a current webhook signed with the secret, and returns its event.
 * Events may arrive twice, with the same `id`.
 *
 * @param request its body is read
 * @param secret the secret, or several during a rotation
 * @throws {RegistryError} `Denied` for another signature or an old request; `Invalid` for other
 * requests
 */
export async function verifyWebhook(
  request: Request,
  secret: string | readonly string[],
  options: {
    /** Maximum age, or distance in the future, milliseconds. @default 300000 (5 minutes) */
    toleranceMs?: number;
    /** Maximum size of the body, bytes. @default 1048576 (1 MiB) */
    maxBytes?: number;
    system?: Pick<System, "now">;
  } = {},
): Promise<BusEvent> {
  checkDurations("verify webhook", options);
  const { toleranceMs = 300_000, maxBytes = 1024 * 1024, system = realSystem } = options;
  const keys = await Promise.all([secret].flat().map(importSecret));
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) => {
    const value = request.headers.get(`webhook-${name}`);
    if (value !== null && value.length <= 2_000) return value;
    throw refused("Invalid", `its header webhook-${name} is missing or too long`);
  }) as [string, string, string];
  if (!/^[0-9]{1,12}$/.test(timestamp)) {
    throw refused("Invalid", "its webhook-timestamp is not a number of seconds");
  }
  if (Math.abs(system.now() - Number(timestamp) * 1000) > toleranceMs) {
    throw refused("Denied", "its timestamp is too old or in the future");
  }
  const body = await readBody(request, maxBytes);
  const content = signedContent(id, timestamp, body);
  let isSigned = false;
  for (const signature of signatures.split(" ")) {
    const bytes = signature.startsWith("v1,") ? decode(signature.slice(3)) : undefined;
    for (const key of bytes === undefined ? [] : keys) { // `verify` compares in constant time
      if (await crypto.subtle.verify("HMAC", key, bytes!, content)) isSigned = true;
    }
  }
  if (!isSigned) throw refused("Denied", "signature mismatch");
  return eventOf(id, body);
}

/** Encodes type, time and data of an event, as the specification recommends. */
export function encodeBody({ topic, at, payload }: Omit<BusEvent, "id">): Uint8Array {
  return encoder.encode(
    JSON.stringify({ type: topic, timestamp: at.toISOString(), data: payload }),
  );
}

type Sent = { type?: unknown; timestamp?: unknown; data?: BusEvent["payload"] };

function eventOf(id: string, body: Uint8Array): BusEvent {
  const parsed = parsedJson(body) as Sent | null | undefined;
  if (parsed === undefined) throw refused("Invalid", "its body is not JSON");
  const { type: topic, timestamp, data: payload } = parsed ?? {};
  const isTime = typeof timestamp === "string" && instantOf(timestamp) !== "invalid";
  const at = new Date(isTime ? timestamp : NaN);
  if (typeof topic === "string" && !Number.isNaN(at.getTime()) && payload !== undefined) {
    return { id, topic, at, payload };
  }
  throw refused("Invalid", "its body has no type, timestamp and data");
}

async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const body = await readAtMost(request.body, maxBytes);
  if (body !== undefined) return body;
  throw refused("Invalid", `its body has more than ${maxBytes} bytes`);
}

function signedContent(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concatBytes([encoder.encode(`${id}.${timestamp}.`), body]));
}

async function sign(key: SigningKey, content: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, content));
}

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function refused(code: "Denied" | "Invalid", state: string): RegistryError {
  const hint = code === "Denied"
    ? "Answer 401; if the request is genuine, compare secrets and clocks."
    : "Answer 400: the request is not a Standard Webhook.";
  return fault({ code, action: "verify webhook", state, hint });
}
