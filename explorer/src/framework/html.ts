// Markup as tagged templates, without a build step.
import htm from "npm:htm@^3.1";
import { printable } from "../../../core/naming/printable.ts";
import { type ComponentChildren, h, type VNode } from "./preact.ts";

/** Returns the nodes of a template. Values become text: markup in them is never parsed. */
export const html: (strings: TemplateStringsArray, ...values: unknown[]) => VNode =
  (htm as unknown as { bind(createNode: typeof create): typeof html }).bind(create);

/**
 * Characters that a page does not show, or that turn the text around them. Tabs, ends of lines and
 * marks of direction are content.
 */
// deno-lint-ignore no-control-regex
const OBEYED = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
const EACH = new RegExp(OBEYED, "g");

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
  return OBEYED.test(text) ? text.replace(EACH, printable) : text;
}

function shown(child: ComponentChildren): ComponentChildren {
  if (typeof child === "string") return shownText(child);
  return Array.isArray(child) ? child.map(shown) : child;
}

function shownProps(props: Record<string, unknown> | null): Record<string, unknown> | null {
  const names = SHOWN.filter((name) => OBEYED.test(String(props?.[name] ?? "")));
  if (names.length === 0) return props;
  return {
    ...props,
    ...Object.fromEntries(names.map((name) => [name, shownText(String(props![name]))])),
  };
}
