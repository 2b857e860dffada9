// Markup as tagged templates, without a build step.
import htm from "npm:htm@^3.1";
import { h, type VNode } from "./preact.ts";

/** Returns the nodes of a template. Values become text: markup in them is never parsed. */
export const html: (strings: TemplateStringsArray, ...values: unknown[]) => VNode =
  (htm as unknown as { bind(create: typeof h): typeof html }).bind(h);
