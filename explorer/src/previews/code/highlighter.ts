// Code as pieces of a kind, loaded with the first code that is shown.
import { createLowlight } from "npm:lowlight@^3.3";
import { html } from "../../framework/html.ts";
import type { ComponentChildren } from "../../framework/preact.ts";
import { LANGUAGES } from "./languages.ts";

const lowlight = createLowlight(LANGUAGES);

interface Piece {
  readonly type: string;
  readonly value?: string;
  readonly properties?: { readonly className?: unknown };
  readonly children?: readonly Piece[];
}

/** Returns a text as elements whose classes name the kinds of its words. */
export function highlighted(text: string, language: string): ComponentChildren[] {
  const { children } = lowlight.highlight(language, text) as Piece;
  return children!.map(pieceOf);
}

function pieceOf({ value, properties, children = [] }: Piece): ComponentChildren {
  if (value !== undefined) return value;
  const names = properties?.className;
  return html`<span class=${Array.isArray(names) ? names.join(" ") : ""}>${
    children.map(pieceOf)
  }</span>`;
}
