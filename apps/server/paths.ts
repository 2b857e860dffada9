// Paths of requests.
import { fault } from "../../core/errors.ts";

export function pathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2));
}

/** Throws `Invalid` for a path that is no text. */
export function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path.split("?", 1)[0]);
  } catch (cause) {
    throw fault({
      code: "Invalid",
      action: "read the path",
      state: "it is no percent-encoded UTF-8",
      hint: "Encode each name as encodeURIComponent does.",
      cause,
    });
  }
}
