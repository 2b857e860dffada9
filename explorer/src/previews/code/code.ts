// Code, with its words in colors once the highlighter is loaded.
import { html } from "../../framework/html.ts";
import { useMemo, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

/** Longer texts, and texts with longer lines, stay plain. */
const MAX_CHARACTERS = 70_000;
const MAX_LINE = 2000;

const LANGUAGES: readonly (readonly [language: string, names: RegExp])[] = [
  ["python", /^(py|pyi|python|python3|ipython)$/],
  ["typescript", /^(ts|tsx|mts|cts|js|jsx|mjs|cjs|typescript|javascript)$/],
  ["json", /^(json|jsonc|jsonl|ndjson)$/],
  ["yaml", /^(ya?ml)$/],
  ["bash", /^(sh|bash|zsh|shell|console)$/],
];

/** Returns the language of an extension, or of the word after the fence of a code block. */
export function languageOf(name: string): string | undefined {
  return LANGUAGES.find(([, names]) => names.test(name.toLowerCase()))?.[0];
}

export function Code({ text, language }: { text: string; language?: string }): VNode {
  const isPlain = language === undefined || text.length > MAX_CHARACTERS ||
    text.split("\n").some((line) => line.length > MAX_LINE);
  const { value } = useLoaded(
    async () => isPlain ? undefined : await import("./highlighter.ts"),
    [isPlain],
  );
  const nodes = useMemo(
    () => value === undefined ? [text] : value.highlighted(text, language!),
    [value, text, language],
  );
  return html`<code>${nodes}</code>`;
}
