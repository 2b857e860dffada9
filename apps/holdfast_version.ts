// The version of this program.
import manifest from "../deno.json" with { type: "json" };

/** The version of Holdfast: `0.1.0`. */
export const VERSION: string = manifest.version;
