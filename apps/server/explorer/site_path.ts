// The files of an exported site. The service has answers both at a path and below it, which a
// folder cannot: there the answer of a path is its `index.json`. Stored files must not become
// pages, scripts or settings of a server that goes by file names.
import { isHarmless, typeOfName } from "../files/harmless.ts";

/** Returns the path of the file for a request such as `artifacts/my%3Amodel/versions`. */
export function sitePath(path: string, query: Readonly<Record<string, string | undefined>> = {}) {
  const parts = path.split("/").map((part, at) =>
    decodeURIComponent(at === 1 ? part.replaceAll("@@", "/") : part)
  );
  const isFile = parts[0] === "artifacts" && parts[2] === "versions" && parts[4] === "files";
  const named = query.ref === undefined ? parts : [...parts, query.ref];
  const last = isFile ? servedName(safePart(named.pop()!)) : "index.json";
  return [...named.map(safePart), last].join("/");
}

/** Keeps the extension only of files that run nothing. Some servers make pages of Markdown. */
function servedName(name: string): string {
  const type = typeOfName(name) ?? "";
  const at = isHarmless(type) && type !== "text/markdown" ? name.lastIndexOf(".") : name.length;
  const extension = name.slice(at) || ".bin";
  return name.slice(0, at).replaceAll(".", "~2e") + extension;
}

/** Encodes everything that a file system, a bucket or a server may treat specially. */
function safePart(part: string): string {
  const encoder = new TextEncoder();
  const hex = (text: string) =>
    Array.from(encoder.encode(text), (byte) => `~${byte.toString(16).padStart(2, "0")}`).join("");
  return /^\.+$/.test(part) ? hex(part) : part.replace(/[^A-Za-z0-9._-]/gu, hex);
}
