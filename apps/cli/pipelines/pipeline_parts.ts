// The configuration of pipelines. It is imported by a computed name, so that Deno downloads its
// packages only for commands of pipelines. Its types are repeated here for the same reason.
import type { Operators } from "../../../operators/mod.ts";
import type { Pipeline } from "../../../operators/runner/mod.ts";
import type { System } from "../../../mod.ts";
import { loadPart } from "../../../core/urls/load_part.ts";

export interface ConfigPart {
  loadPipeline(path: string, options: {
    cwd: string;
    set?: readonly string[];
    overrides?: readonly string[];
    environmentOverride?: boolean;
    operators?: Pick<Operators, "has" | "names">;
    system: System;
  }): Promise<LoadedPipeline>;
  encodePipeline(pipeline: Pipeline): string;
}

export interface LoadedPipeline {
  pipeline: Pipeline;
  /** The base of its relative paths, absolute. */
  folder: string;
  /** The files it was read from, absolute. */
  files: string[];
}

/** Imports `operators/config`, which reads YAML. */
export async function loadConfigPart(): Promise<ConfigPart> {
  return await loadPart<ConfigPart>("../../../operators/config/mod.ts", import.meta.url);
}
