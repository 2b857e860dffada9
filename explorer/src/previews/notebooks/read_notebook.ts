// A Jupyter notebook (nbformat 3 and 4) as cells. Everything in it is only a hint of what it is.
import type { ArtifactFile } from "../../artifact_file.ts";

/** Larger notebooks are shown as text. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_CHARACTERS = 64 * 1024;

export interface Cell {
  readonly kind: "markdown" | "code" | "raw";
  readonly source: string;
  /** The number in brackets. */
  readonly count?: number;
  readonly outputs: readonly Output[];
}

export type Output =
  | { readonly kind: "text" | "error" | "markdown" | "html"; readonly text: string }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "image"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "other"; readonly type: string };

export interface Notebook {
  readonly language: string;
  readonly cells: readonly Cell[];
}

/** Returns the reason as `problem` if a notebook cannot be shown. */
export async function readNotebook(
  file: ArtifactFile,
  signal?: AbortSignal,
): Promise<Notebook | { problem: string }> {
  if (file.size > MAX_BYTES) return { problem: "This notebook has more than 32 MiB." };
  try {
    return notebookOf(JSON.parse((await file.text(MAX_BYTES, signal)).text));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    return { problem: `This is not a valid notebook: ${error.message}` };
  }
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null ? value as Members : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Joins a text, which may be a list of lines. */
function textOf(value: unknown): string {
  const text = Array.isArray(value) ? value.map(String).join("") : String(value ?? "");
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

export function notebookOf(value: unknown): Notebook | { problem: string } {
  const { cells, worksheets, metadata } = membersOf(value);
  const listed = cells ?? membersOf(listOf(worksheets)[0]).cells;
  if (!Array.isArray(listed)) return { problem: "This notebook has no cells." };
  const { language_info: info, kernelspec } = membersOf(metadata);
  const language = membersOf(info).name ?? membersOf(kernelspec).language ?? "python";
  return { language: String(language), cells: listed.map(cellOf) };
}

function cellOf(value: unknown): Cell {
  const cell = membersOf(value);
  const count = cell.execution_count ?? cell.prompt_number;
  const kind = cell.cell_type === "markdown" || cell.cell_type === "code" ? cell.cell_type : "raw";
  return {
    kind,
    source: textOf(cell.source ?? cell.input),
    ...typeof count === "number" && { count },
    outputs: listOf(cell.outputs).flatMap(outputOf),
  };
}

// deno-lint-ignore no-control-regex
const TERMINAL_CODES = /\x1b\[[0-9;]*[A-Za-z]/g;

function outputOf(value: unknown): Output[] {
  const output = membersOf(value);
  if (output.output_type === "stream") {
    return [{ kind: "text", text: textOf(output.text).replaceAll(TERMINAL_CODES, "") }];
  }
  if (output.output_type === "error" || output.output_type === "pyerr") {
    const lines = listOf(output.traceback).map(String).join("\n");
    const text = textOf(lines || `${output.ename}: ${output.evalue}`);
    return [{ kind: "error", text: text.replaceAll(TERMINAL_CODES, "") }];
  }
  return shownData(membersOf(output.data ?? output));
}

/** Returns the richest form of an output that is safe, and its HTML as text. */
function shownData(data: Members): Output[] {
  const html = data["text/html"] ?? data.html;
  const rest: Output[] = html === undefined ? [] : [{ kind: "html", text: textOf(html) }];
  const image = data["image/png"] ?? data["image/jpeg"] ?? data.png ?? data.jpeg;
  const bytes = image === undefined ? undefined : base64Of(image);
  if (bytes !== undefined) return [{ kind: "image", bytes }];
  const markdown = data["text/markdown"];
  if (markdown !== undefined) return [{ kind: "markdown", text: textOf(markdown) }, ...rest];
  const json = data["application/json"];
  if (json !== undefined) return [{ kind: "json", value: json }, ...rest];
  const text = data["text/plain"] ?? data.text;
  if (text !== undefined) return [{ kind: "text", text: textOf(text) }, ...rest];
  if (rest.length > 0) return rest;
  const [type] = Object.keys(data);
  return type === undefined ? [] : [{ kind: "other", type }];
}

function base64Of(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  try {
    const text = Array.isArray(value) ? value.join("") : String(value);
    return Uint8Array.from(atob(text.replaceAll(/\s/g, "")), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}
