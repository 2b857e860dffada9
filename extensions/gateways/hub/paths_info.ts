// The body of `paths-info`: a form from Python, JSON from JavaScript.
import type { HubPaths } from "./schemas.ts";
import type * as v from "npm:valibot@^1.5";

/** Parses a body by its media type. */
export function parsePaths(text: string, mediaType: string): unknown {
  if (/json/i.test(mediaType)) return JSON.parse(text);
  const form = new URLSearchParams(text);
  if (!form.has("paths")) return {};
  return { paths: form.getAll("paths"), expand: /^(true|1)$/i.test(form.get("expand") ?? "") };
}

/** Returns the paths without slashes around them, each once. */
export function pathsOf({ paths }: v.InferOutput<typeof HubPaths>): Set<string> {
  const all = typeof paths === "string" ? [paths] : paths;
  return new Set(all.map((path) => path.replace(/^\/+|(?<!\/)\/+$/g, "")));
}
