// The files of the explorer, with what browsers need to trust and cache them.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Answer } from "../answer.ts";
import { evaluateConditions } from "../files/answer_file.ts";
import { pageFiles } from "./page_files.ts";

/**
 * Scripts, workers and styles come from this service only, nothing is sent elsewhere, and strings
 * never become markup. The policy `table-worker` allows the URL of one script.
 */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types table-worker",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};
/** Parts are named by their content. */
const IMMUTABLE = "public, max-age=31536000, immutable";
const PART = /-[A-Z0-9]{8}\.js$/;

interface Packed {
  readonly text: string;
  readonly zipped: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

const packed = new Map<string, Packed>();

export function bundleType(file: string): string {
  return TYPES[file.slice(file.lastIndexOf(".") + 1)] ?? "text/plain";
}

/** Pages of notebooks, among others: any port, and the windows of VS Code. */
const OF_THIS_MACHINE = "http://localhost:* http://127.0.0.1:* vscode-webview:";

/** Returns the policy of a page that may also send requests to some origins. */
function policyWith(origins: readonly string[]): string {
  const connect = "connect-src 'self'";
  return POLICY.replace(connect, [connect, ...origins].join(" "));
}

/**
 * Answers with a file of the bundle. Returns undefined if it has no such file.
 *
 * @param origins those of identity providers, with which people sign in
 * @param framed whether pages of this machine may show it in a frame
 */
export async function sendBundle(
  request: Pick<Request, "method" | "headers">,
  file: string,
  origins: readonly string[] = [],
  framed = false,
): Promise<Answer | undefined> {
  const files = await pageFiles();
  const content = Object.hasOwn(files, file) ? files[file] : undefined;
  if (content === undefined) return undefined;
  const { text, zipped, etag } = pack(file, content);
  const headers = {
    etag,
    "cache-control": PART.test(file) ? IMMUTABLE : "no-cache",
    "content-security-policy": `${policyWith(origins)}; frame-ancestors ${
      framed ? OF_THIS_MACHINE : "'none'"
    }`,
    "content-type": bundleType(file),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
  };
  if (evaluateConditions(request.headers, { etag }) === "not modified") {
    return new Answer(null, { status: 304, headers });
  }
  const body = (text: string | Uint8Array) => request.method === "HEAD" ? null : text;
  if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(request.headers.get("accept-encoding") ?? "")) {
    return new Answer(body(text), { headers });
  }
  return new Answer(body(zipped), { headers: { ...headers, "content-encoding": "gzip" } });
}

function pack(file: string, text: string): Packed {
  const known = packed.get(file);
  if (known !== undefined) return known;
  const bundle = {
    text,
    zipped: Uint8Array.from(gzipSync(Buffer.from(text), { level: 9 })),
    etag: `W/"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`,
  };
  packed.set(file, bundle);
  return bundle;
}
