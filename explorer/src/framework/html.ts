// Markup as tagged templates, without a build step.
import htm from "npm:htm@^3.1";
import { hasHidden, printable } from "../../../core/naming/printable.ts";
import { type ComponentChildren, h, type VNode } from "./preact.ts";

/** Returns the nodes of a template. Values become text: markup in them is never parsed. */
export const html: (strings: TemplateStringsArray, ...values: unknown[]) => VNode =
  (htm as unknown as { bind(createNode: typeof create): typeof html }).bind(create);

/** Tabs, ends of lines and marks of direction, which are content and stay. */
const CONTENT = /([\t\r\n\u061c\u200e\u200f\u2028\u2029]+)/;

/** Attributes that a page shows or reads out. */
const SHOWN = ["title", "aria-label", "alt"] as const;

/** Creates a node whose texts show every character: a name cannot look like another one. */
function create(
  type: Parameters<typeof h>[0],
  props: Record<string, unknown> | null,
  ...children: ComponentChildren[]
): VNode {
  const isElement = typeof type === "string";
  return h(type, isElement ? shownProps(props) : props, ...children.map(shown)) as VNode;
}

/** Returns a text that shows every character, as the texts of `html` do. */
export function shownText(text: string): string {
  if (!hasHidden(text)) return text;
  return text.split(CONTENT).map((part) => CONTENT.test(part) ? part : printable(part)).join("");
}

function shown(child: ComponentChildren): ComponentChildren {
  if (typeof child === "string") return shownText(child);
  return Array.isArray(child) ? child.map(shown) : child;
}

function shownProps(props: Record<string, unknown> | null): Record<string, unknown> | null {
  const names = SHOWN.filter((name) => hasHidden(String(props?.[name] ?? "")));
  if (names.length === 0) return props;
  return {
    ...props,
    ...Object.fromEntries(names.map((name) => [name, shownText(String(props![name]))])),
  };
}
