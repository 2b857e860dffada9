// The file in which a store in a folder keeps a key.
import { join } from "@std/path";
import { keyLayout } from "../../../backends/local/layout.ts";
import type { Layout } from "../../../core/backend.ts";

/** The path of a key in the folder of a store; of what keys begin with, that of their folder. */
export function keyFile(store: string, key: string, layout: Layout = "folded"): string {
  const path = keyLayout(layout).pathOf(key);
  if (path === undefined) throw new Error(`"${key}" has no place in this layout`);
  return join(store, path);
}
