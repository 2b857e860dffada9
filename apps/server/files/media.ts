// Media types of served files. They come from the saver, so files must not run as pages here.
import { isHarmless, typeOfName } from "./harmless.ts";

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[ \t]*[\w-]+=("[\w ./:=+-]*"|[\w./:=+-]+))*$/;

export type Disposition = "inline" | "attachment";

/** Returns the type headers of a file, and those that keep it from running in this origin. */
export function mediaHeaders(
  { path, mediaType }: { path: string; mediaType?: string },
  asked?: Disposition,
): Record<string, string> {
  const type = contentType(path, mediaType);
  const disposition = asked ?? (isHarmless(type) ? "inline" : "attachment");
  return {
    "content-type": type,
    "content-disposition": contentDisposition(disposition, path.slice(path.lastIndexOf("/") + 1)),
    "x-content-type-options": "nosniff",
    "content-security-policy":
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
  };
}

/** Returns the media type of a file; an invalid one is replaced. */
export function contentType(path: string, mediaType: string | undefined): string {
  const type = mediaType ?? typeOfName(path);
  if (type === undefined || !MEDIA_TYPE.test(type)) return "application/octet-stream";
  return /^text\/[\w.+-]+$/i.test(type) ? `${type}; charset=utf-8` : type;
}

/** Returns `content-disposition` with a safe name, in ASCII and UTF-8 (RFC 6266). */
function contentDisposition(disposition: Disposition, fileName: string): string {
  // deno-lint-ignore no-control-regex
  const name = fileName.toWellFormed().replace(/[\u0000-\u001f\u007f/\\]/g, "_").replace(
    /^\.+/,
    "_",
  );
  const ascii = name.replace(/[^\x20-\x7e]|["%]/g, "_");
  if (ascii === name) return `${disposition}; filename="${ascii}"`;
  const full = encodeURIComponent(name).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${disposition}; filename="${ascii}"; filename*=UTF-8''${full}`;
}
