// Signature version 4, as the receiver of requests verifies it: in headers, and in the query of
// presigned URLs.
import { Buffer } from "node:buffer";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { shown } from "../../../core/kernel.ts";
import { known } from "./known.ts";
import { s3Error } from "./s3_error.ts";
import type { RefusedRequest } from "../../../apps/gateways.ts";

/** A signature of a request, whose form and time are right. */
export interface Signature {
  accessKeyId: string;
  /** The session token, which the signature covers. */
  sessionToken?: string;
  isPresigned: boolean;
  /** Returns true if this secret made it. */
  isBy(secret: string): boolean;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const SKEW_MS = 15 * 60_000;
/** The longest life of a presigned URL, seconds. */
const MOST_S = 7 * 24 * 3600;
const HEADER =
  /^AWS4-HMAC-SHA256 +Credential=([^, ]+) *, *SignedHeaders=([^, ]+) *, *Signature=([0-9a-f]{64})$/;
const SCOPE = /^(.+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request$/;
const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
/** The name of a header (RFC 9110), in lower case. */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** The SHA-256 of no bytes. */
const EMPTY = createHash("sha256").digest("hex");

/** Names of members that only the query of a presigned URL has. */
const OF_SIGNED = /^(X-Amz-(Algorithm|Signature|Credential)|AWSAccessKeyId)$/i;

/** True for a request that has a signature, of any version, in its headers or these members of a query. */
export function isSigned(
  { headers }: Pick<Request, "headers">,
  members: readonly string[],
): boolean {
  return /^AWS/i.test(headers.get("authorization") ?? "") ||
    members.some((name) => OF_SIGNED.test(name));
}

/** The same for a request whose query is not read yet. */
export function claimsSigned(request: Pick<Request, "url" | "headers">): boolean {
  const at = request.url.indexOf("?");
  const members = at < 0 ? [] : request.url.slice(at + 1).split("&");
  return isSigned(request, members.map((member) => member.replace(/=.*/s, "")));
}

/** True for a request of a client of S3 that signs nothing: a page would be no answer for it. */
export function isUnsignedClient(
  path: string,
  { method, headers }: Pick<Request, "method" | "headers">,
): boolean {
  if (headers.has("amz-sdk-request") || headers.has("x-amz-content-sha256")) return true;
  const client = headers.get("user-agent") ?? "";
  if (/\b(aws-sdk|aws-cli|boto|minio)/i.test(client)) return true;
  return path === "/" && method === "GET" && /^rclone\//.test(client); // it reads WebDAV, too
}

/** Returns the signature of a request, undefined without one. Throws for what cannot be verified. */
export function readSignature(request: Request, nowMs: number): Signature | undefined {
  if (!claimsSigned(request)) return undefined;
  const query = queryOf(request.url);
  const isPresigned = !request.headers.has("authorization");
  const sent = isPresigned ? sentInQuery(query) : sentInHeaders(request.headers, query);
  const { credential, names, signature, date, sessionToken, payload } = sent;
  const [, accessKeyId, day = "", region = ""] = SCOPE.exec(credential) ?? [];
  const signed = names.split(";");
  if (accessKeyId === undefined || !/^[0-9a-f]{64}$/.test(signature)) {
    throw malformed("invalid form");
  }
  checkSigned(request.headers, signed);
  if (!date.startsWith(day)) throw malformed("its date differs from that of its credential");
  checkTime(date, sent.expires, nowMs);
  const others = query.filter(([key]) => !(isPresigned && key === "X-Amz-Signature"));
  const rest = [canonicalQuery(others), canonicalHeaders(request, signed), names, payload];
  const scope = [day, region, "s3", "aws4_request"];
  const textOf = (path: string) => {
    const hash = hashOf([request.method, path, ...rest].join("\n"));
    return [ALGORITHM, date, scope.join("/"), hash].join("\n");
  };
  return {
    accessKeyId,
    sessionToken: sessionToken || undefined,
    isPresigned,
    isBy(secret) {
      const key = signingKey(secret, scope);
      const given = Buffer.from(signature, "hex");
      return canonicalPaths(request.url)
        .some((path) => timingSafeEqual(hmac(key, textOf(path)), given));
    },
  };
}

/** The keys of secrets for a day. */
const signingKeys = new Map<string, Buffer>();

function signingKey(secret: string, scope: readonly string[]): Buffer {
  return known(signingKeys, [secret, ...scope].join("\n"), () => {
    const [day = "", ...others] = scope;
    return others.reduce(hmac, hmac(`AWS4${secret}`, day));
  });
}

/** Returns a signature in headers, with empty texts for what is missing. */
function sentInHeaders(headers: Headers, query: Query) {
  if (memberOf(query, "X-Amz-Signature") !== "") throw malformed("it is signed twice");
  const authorization = headers.get("authorization") ?? "";
  if (!authorization.startsWith(`${ALGORITHM} `)) {
    throw otherVersion("Let the client sign with it.");
  }
  const [, credential = "", names = "", signature = ""] = HEADER.exec(authorization) ?? [];
  return {
    credential,
    names,
    signature,
    date: headers.get("x-amz-date") ?? basicDate(headers.get("date")),
    expires: undefined,
    sessionToken: headers.get("x-amz-security-token"),
    payload: headers.get("x-amz-content-sha256") ?? EMPTY,
  };
}

/** The same of a presigned URL, which ends `expires` seconds after its date. */
function sentInQuery(query: Query) {
  const one = (name: string) => memberOf(query, name);
  if (one("X-Amz-Algorithm") !== ALGORITHM) {
    throw otherVersion('Presign with it: in boto3, pass Config(signature_version="s3v4").');
  }
  return {
    credential: one("X-Amz-Credential"),
    names: one("X-Amz-SignedHeaders"),
    signature: one("X-Amz-Signature"),
    date: one("X-Amz-Date"),
    expires: one("X-Amz-Expires"),
    sessionToken: one("X-Amz-Security-Token"),
    payload: "UNSIGNED-PAYLOAD",
  };
}

function memberOf(query: Query, name: string): string {
  const values = query.filter(([key]) => key === name).map(([, value]) => value);
  if (values.length > 1) throw malformed(`${name} is given twice`);
  return values[0] ?? "";
}

/** Throws unless the signature covers the host and all that S3 reads from headers. */
function checkSigned(headers: Headers, signed: readonly string[]): void {
  const impossible = signed.find((name) => !NAME.test(name));
  if (impossible !== undefined) {
    throw malformed(`it covers ${shown(impossible.slice(0, 40))}, which no header can be`);
  }
  if (!signed.includes("host")) throw malformed("it does not cover the header host");
  for (const name of headers.keys()) {
    if (!name.startsWith("x-amz-") || signed.includes(name)) continue;
    throw s3Error(403, "AccessDenied", {
      action: "verify the signature",
      state: `it does not cover the header ${name}`,
      hint: "Sign all headers that begin with x-amz-.",
    });
  }
}

function checkTime(date: string, expires: string | undefined, nowMs: number): void {
  const [, year, month, day, hour, minute, second] = DATE.exec(date) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(at)) throw malformed("its date is invalid");
  if (expires === undefined) {
    if (Math.abs(nowMs - at) <= SKEW_MS) return;
    throw s3Error(403, "RequestTimeTooSkewed", {
      action: "verify the signature",
      state: `its time differs by more than 15 minutes from that of the service, ${
        new Date(nowMs).toISOString()
      }`,
      hint: "Set the clock of this machine.",
    });
  }
  const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  if (seconds < 1 || seconds > MOST_S) {
    throw malformed(
      `X-Amz-Expires is not between 1 and ${MOST_S}`,
      "AuthorizationQueryParametersError",
    );
  }
  const isEarly = nowMs < at - SKEW_MS;
  if (!isEarly && nowMs <= at + seconds * 1000) return;
  throw s3Error(403, "AccessDenied", {
    action: "use a presigned URL",
    state: isEarly ? "the URL is not valid yet" : "the URL has expired",
    hint: "Sign a new one.",
  });
}

/** Returns a date of HTTP in the format of signatures. */
function basicDate(text: string | null): string {
  const at = Date.parse(text ?? "");
  if (Number.isNaN(at)) throw malformed("it has no date");
  return new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
}

type Query = readonly (readonly [key: string, value: string])[];

/** Returns the decoded members of a query. */
function queryOf(url: string): Query {
  const begin = url.indexOf("?");
  if (begin < 0) return [];
  return url.slice(begin + 1).split("&").filter((part) => part !== "").map((part) => {
    const [key = "", ...value] = part.split("=");
    return [decoded(key.replaceAll("+", " ")), decoded(value.join("=").replaceAll("+", " "))];
  });
}

function canonicalQuery(query: Query): string {
  // A tab comes before each character of a key, as the end of a shorter key does.
  return query.map(([key, value]) => `${encoded(key)}\t${encoded(value)}`).sort()
    .map((member) => member.replace("\t", "=")).join("&");
}

function canonicalHeaders({ url, headers }: Request, signed: readonly string[]): string {
  return signed.map((name) => {
    const value = headers.get(name) ?? (name === "host" ? new URL(url).host : "");
    return `${name}:${value.trim().replace(/ +/g, " ")}\n`;
  }).join("");
}

/** Returns the path as S3 encodes it, and as it was sent: some signers encode less. */
function canonicalPaths(url: string): string[] {
  const begin = url.indexOf("/", url.indexOf("//") + 2);
  const sent = url.slice(begin).replace(/\?.*/s, "");
  const usual = sent.split("/").map((part) => encoded(decoded(part))).join("/");
  return usual === sent ? [sent] : [usual, sent];
}

function encoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed("the URL has invalid percent-encoding or UTF-8", "InvalidURI");
  }
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function malformed(state: string, code = "AuthorizationHeaderMalformed"): RefusedRequest {
  return s3Error(400, code, {
    action: "read the signature",
    state,
    hint: "Sign the request with AWS signature version 4 for the service s3.",
  });
}

function otherVersion(hint: string): RefusedRequest {
  return s3Error(400, "InvalidRequest", {
    action: "read the signature",
    state: "it is not of AWS signature version 4 (AWS4-HMAC-SHA256)",
    hint,
  });
}
