// Media types of served files. They come from the saver, so files must not run as pages here.
import { contentDisposition } from "../../../core/naming/names.ts";
import { isHarmless, isScript, typeOfName } from "./harmless.ts";

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[ \t]*[\w-]+=("[\w ./:=+-]*"|[\w./:=+-]+))*$/;

/** @internal */
export type Disposition = "inline" | "attachment";

/** Returns the type headers of a file, and those that keep it from running in this origin. */
export function mediaHeaders(
  { path, mediaType }: { path: string; mediaType?: string },
  asked?: Disposition,
): Record<string, string> {
  const type = contentType(path, mediaType);
  const isShown = isHarmless(type) && !isScript(mediaType ?? "");
  const disposition = asked ?? (isShown ? "inline" : "attachment");
  return {
    "content-type": type,
    "content-disposition": savedAs(disposition, path.slice(path.lastIndexOf("/") + 1)),
    "x-content-type-options": "nosniff",
    "content-security-policy":
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
  };
}

/** Returns the media type of a file. An invalid one is replaced, and that of a script. */
export function contentType(path: string, mediaType: string | undefined): string {
  const type = mediaType ?? typeOfName(path);
  if (type === undefined || !MEDIA_TYPE.test(type)) return "application/octet-stream";
  if (isScript(type)) return "text/plain; charset=utf-8";
  return /^text\/[\w.+-]+$/i.test(type) ? `${type}; charset=utf-8` : type;
}

/** Returns `content-disposition` with a name that is safe to save. */
function savedAs(disposition: Disposition, fileName: string): string {
  // deno-lint-ignore no-control-regex
  const name = fileName.toWellFormed().replace(/[\u0000-\u001f\u007f/\\]/g, "_");
  return contentDisposition(disposition, name.replace(/^\.+/, "_"));
}
