// What of a folder patterns leave out: those of the options, and those of files in the folder.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LeftOutReason } from "../../core/registry/left_out.ts";
import { onDisk } from "../../disk/file_errors.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import type { LocalPathOptions } from "./local_path_options.ts";

/** Patterns, in order: the last one that a path, or a folder that it is in, matches counts. */
export interface Patterns {
  /** Whether a path matches, by a pattern or by one with `!` before it; undefined for neither. A folder ends with `/`. */
  test(path: string): "matched" | "negated" | undefined;
}

/** Options of making {@linkcode Patterns}. */
export interface PatternOptions {
  /** The folder that the patterns are about, relative to the root. @default "" the root */
  below?: string;
  after?: Patterns;
}

interface PatternPart {
  createPatterns(lines: readonly string[], options?: PatternOptions): Patterns;
}

const OWN_FILE = ".holdfastignore";
const GIT_FILE = ".gitignore";

/** What patterns leave out in a folder, and in those below it that have none of their own. */
export class Choice {
  readonly #files: readonly string[];
  readonly #include?: Patterns;
  readonly #exclude?: Patterns;
  readonly #ignored?: Patterns;

  private constructor(
    files: readonly string[],
    patterns: { include?: Patterns; exclude?: Patterns; ignored?: Patterns },
  ) {
    this.#files = files;
    this.#include = patterns.include;
    this.#exclude = patterns.exclude;
    this.#ignored = patterns.ignored;
  }

  /** The choice that options make, before any folder was looked into. */
  static async of(options: LocalPathOptions): Promise<Choice> {
    const { all = false, ignoreFiles = !all, gitignore = false } = options;
    const files = [...(gitignore ? [GIT_FILE] : []), ...(ignoreFiles ? [OWN_FILE] : [])]; // the last counts
    const [include, exclude] = [options.include, options.exclude].map((given) =>
      given === undefined ? [] : [given].flat()
    );
    return new Choice(files, {
      include: include.length === 0 ? undefined : await patternsOf(include),
      exclude: exclude.length === 0 ? undefined : await patternsOf(exclude),
    });
  }

  /** The choice in a folder with these entries, whose own files may say more. */
  async within(
    folder: { name: string; path: string },
    entries: readonly string[],
  ): Promise<Choice> {
    let ignored = this.#ignored;
    for (const file of this.#files) {
      if (!entries.includes(file)) continue;
      const path = join(folder.path, file);
      const lines = onDisk("read", path, () => readFileSync(path, "utf8")).replace(/^\ufeff/, "")
        .split(/\r?\n/);
      ignored = await patternsOf(lines, { below: folder.name, after: ignored });
    }
    if (ignored === this.#ignored) return this;
    return new Choice(this.#files, { include: this.#include, exclude: this.#exclude, ignored });
  }

  /** Why something is left out, or undefined where it is not. Folders above it are not left out. */
  reasonAgainst(name: string, isFolder: boolean): LeftOutReason | undefined {
    const path = isFolder ? `${name}/` : name;
    const excluded = this.#exclude?.test(path);
    if (excluded === "matched") return "excluded";
    if (excluded === undefined && this.#ignored?.test(path) === "matched") return "ignored";
    // Of a folder that is not included there may be files that are.
    if (!isFolder && this.#include !== undefined && this.#include.test(path) !== "matched") {
      return "not included";
    }
  }

  keepsEmpty(name: string): boolean {
    return this.#include === undefined || this.#include.test(`${name}/`) === "matched";
  }
}

async function patternsOf(lines: readonly string[], options?: PatternOptions): Promise<Patterns> {
  const { createPatterns } = await loadPart<PatternPart>("./ignore_rules.ts", import.meta.url);
  return createPatterns(lines, options);
}
