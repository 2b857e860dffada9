// Code as pieces of a kind, loaded with the first code that is shown.
import bash from "npm:highlight.js@~11.11/lib/languages/bash";
import json from "npm:highlight.js@~11.11/lib/languages/json";
import python from "npm:highlight.js@~11.11/lib/languages/python";
import typescript from "npm:highlight.js@~11.11/lib/languages/typescript";
import yaml from "npm:highlight.js@~11.11/lib/languages/yaml";
import { createLowlight } from "npm:lowlight@^3.3";
import { html } from "../../framework/html.ts";
import type { ComponentChildren } from "../../framework/preact.ts";

const lowlight = createLowlight({ bash, json, python, typescript, yaml });

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
