// Strings as UTF-8 files.
import { unsupported } from "../core/errors.ts";
import { type ClassMaterializer, defineMaterializer } from "../core/materializer.ts";
import { onlyFile } from "./only_file.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Saves strings as `text.txt`. Strings with a lone surrogate have no UTF-8 form; `json()` saves
 * them. Loads any artifact of one UTF-8 file: `text().load(await registry.open(ref), {})`.
 */
export function text(): ClassMaterializer<string> {
  return defineMaterializer<string>({
    id: "text",
    accepts: (value) => typeof value === "string" && value.isWellFormed(),
    save(value) {
      if (!value.isWellFormed()) {
        const state = "it contains a lone surrogate, which UTF-8 cannot encode";
        const hint = "Save it with { as: json() }.";
        throw unsupported("save string as text", undefined, state, { hint });
      }
      const content = encoder.encode(value);
      return [{ path: "text.txt", content, mediaType: "text/plain; charset=utf-8" }];
    },
    async load(artifact) {
      const file = onlyFile(artifact);
      const bytes = await file.bytes();
      try {
        return decoder.decode(bytes);
      } catch (cause) {
        throw unsupported("load", `"${file.info.path}" as text`, "it is not UTF-8", {
          hint: "Read its bytes with bytes().load(await registry.open(ref), {}).",
          cause,
        });
      }
    },
  });
}
