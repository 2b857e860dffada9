// The body of `paths-info`: a form from Python, JSON from JavaScript.
import { invalid } from "../../core/kernel.ts";
import { HubPaths } from "./schemas.ts";
import { check } from "../../apps/server/extending.ts";

/** Reads the body by its media type. Throws `Invalid` if it has no paths. */
export async function readPaths(
  request: Request,
): Promise<{ paths: ReadonlySet<string>; expand: boolean }> {
  const text = await request.text();
  const type = request.headers.get("content-type") ?? "";
  const read = check(HubPaths, /json/i.test(type) ? parseJson(text) : parseForm(text));
  if (!read.success) {
    throw invalid("read the body", undefined, "`paths` is not a list of paths", {
      hint: 'Send JSON such as {"paths": ["README.md"]}, or a form with paths=README.md.',
    });
  }
  const { paths, expand = false } = read.output;
  const all = typeof paths === "string" ? [paths] : paths;
  return { paths: new Set(all.map((path) => path.replace(/^\/+|(?<!\/)\/+$/g, ""))), expand };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseForm(text: string): unknown {
  const form = new URLSearchParams(text);
  if (!form.has("paths")) return undefined;
  return { paths: form.getAll("paths"), expand: /^(true|1)$/i.test(form.get("expand") ?? "") };
}
