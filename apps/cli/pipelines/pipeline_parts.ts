// The parts of this library that only commands of pipelines need. They are imported by a name that
// Deno cannot see before, so that who never describes a pipeline downloads no package for it. Types
// of it stand here again for the same reason: Deno downloads what a type is imported from too.
import type { Operators } from "../../../operators/mod.ts";
import type { Pipeline } from "../../../operators/runner/mod.ts";
import type { System } from "../../../mod.ts";
import { loadPart } from "../../../core/urls/load_part.ts";

/** Something that is wrong with a configuration, as `operators/config` tells it. */
export interface ConfigProblem {
  file?: string;
  line?: number;
  column?: number;
  path: string;
  message: string;
  hint: string;
}

/** What is used of `operators/config`. */
export interface ConfigPart {
  loadPipeline(path: string, options: {
    cwd: string;
    set?: readonly string[];
    overrides?: readonly string[];
    environmentOverride?: boolean;
    operators?: Pick<Operators, "has" | "names">;
    system: System;
    readUrl(url: string): Promise<string>;
  }): Promise<LoadedPipeline>;
  problemsOf(error: unknown): readonly ConfigProblem[];
  problemLine(problem: ConfigProblem): string;
  encodePipeline(pipeline: Pipeline): string;
  encodeSecret(text: string): string;
  decodeSecret(text: string): string | undefined;
}

/** A pipeline, and where it is from. */
export interface LoadedPipeline {
  pipeline: Pipeline;
  /** The folder that its paths begin at, absolute. */
  folder: string;
  /** Its files, absolute. */
  files: string[];
}

/**
 * Imports `operators/config`, which reads YAML and TOML.
 *
 * @throws {RegistryError} `Denied` where Deno may not read this library
 */
export async function loadConfigPart(): Promise<ConfigPart> {
  return await loadPart<ConfigPart>("../../../operators/config/mod.ts", import.meta.url);
}
