// Patterns of the options and of ignore files that select what is saved of a folder.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { LeftOutReason } from "../../core/registry/left_out.ts";
import { onDisk } from "../../disk/file_errors.ts";
import { decodeWritten } from "../../core/text/written_text.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import type { LocalPathOptions } from "./local_path_options.ts";

/** Patterns in order; the last one that matches a path or a folder above it decides. */
export interface Patterns {
  /** Tests a path; `negated` is a match of a pattern with `!`. Folders end with `/`. */
  test(path: string): "matched" | "negated" | undefined;
}

/** Options for creating {@linkcode Patterns}. */
export interface PatternOptions {
  /** The folder of the patterns, relative to the root. @default "" the root */
  below?: string;
  after?: Patterns;
  /** A pattern with `[` but no `]` is `Invalid`: it would match nothing. @default false */
  strict?: boolean;
}

interface PatternPart {
  createPatterns(lines: readonly string[], options?: PatternOptions): Patterns;
}

const OWN_FILE = ".holdfastignore";
const GIT_FILE = ".gitignore";

interface ChosenPatterns {
  include?: Patterns;
  /** The lines of `include`. */
  included: readonly string[];
  exclude?: Patterns;
  ignored?: Patterns;
}

/** The patterns of a folder, also of those below it without own ignore files. */
export class Choice {
  readonly #files: readonly string[];
  readonly #patterns: ChosenPatterns;

  private constructor(files: readonly string[], patterns: ChosenPatterns) {
    this.#files = files;
    this.#patterns = patterns;
  }

  static async of(options: LocalPathOptions): Promise<Choice> {
    const { all = false, gitignore = false } = options;
    const files = [...(gitignore ? [GIT_FILE] : []), ...(all ? [] : [OWN_FILE])]; // last wins
    const patterns = async (source: string | readonly string[] = []) => {
      const list = [source].flat();
      return list.length === 0 ? undefined : await patternsOf(list, { strict: true });
    };
    return new Choice(files, {
      include: await patterns(options.include),
      included: [options.include ?? []].flat(),
      exclude: await patterns(options.exclude),
    });
  }

  /** Adds the ignore files among these entries of a folder. */
  async within(
    folder: { name: string; path: string },
    entries: readonly string[],
  ): Promise<Choice> {
    let { ignored } = this.#patterns;
    for (const file of this.#files) {
      if (!entries.includes(file)) continue;
      const path = join(folder.path, file);
      const text = decodeWritten(onDisk("read", path, () => readFileSync(path)));
      const lines = text.split(/\r?\n/);
      checkLines(lines, path);
      ignored = await patternsOf(lines, { below: folder.name, after: ignored });
    }
    if (ignored === this.#patterns.ignored) return this;
    return new Choice(this.#files, { ...this.#patterns, ignored });
  }

  /** Returns why an entry is left out, or undefined. Folders above it are included. */
  reasonAgainst(name: string, isFolder: boolean): LeftOutReason | undefined {
    const path = isFolder ? `${name}/` : name;
    const { include, included, exclude, ignored } = this.#patterns;
    const excluded = exclude?.test(path);
    if (excluded === "matched") return "excluded";
    if (excluded === undefined && ignored?.test(path) === "matched") return "ignored";
    if (include === undefined || include.test(path) === "matched") return undefined;
    const mayContain = isFolder && included.some((pattern) => mayMatchBelow(pattern, name));
    return mayContain ? undefined : "not included";
  }

  keepsEmpty(name: string): boolean {
    const { include } = this.#patterns;
    return include === undefined || include.test(`${name}/`) === "matched";
  }
}

/** Throws `Invalid` for a pattern that is not UTF-8: it would match nothing. */
function checkLines(lines: readonly string[], path: string): void {
  const number = lines.findIndex((line) => !line.startsWith("#") && /[\0\ufffd]/.test(line)) + 1;
  if (number === 0) return;
  const hint = "Save the file as UTF-8.";
  throw invalid("read patterns in", shown(path), `line ${number} is not UTF-8`, { hint });
}

/** Returns false only if a pattern of `include` can match nothing in a folder. */
function mayMatchBelow(pattern: string, folder: string): boolean {
  const path = pattern.replace(/^!/, "").trimEnd().replace(/\/$/, "");
  if (!path.includes("/")) return true; // at any depth
  const wanted = path.replace(/^\//, "").split("/");
  return folder.split("/").every((name, i) => {
    const isPlain = !wanted.slice(0, i + 1).some((part) => /[*?[\]\\]/.test(part));
    return !isPlain || i >= wanted.length || wanted[i] === name;
  });
}

async function patternsOf(lines: readonly string[], options?: PatternOptions): Promise<Patterns> {
  const { createPatterns } = await loadPart<PatternPart>("./ignore_rules.ts", import.meta.url);
  return createPatterns(lines, options);
}
