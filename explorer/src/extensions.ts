// All extensions of the page.
import type { PageExtension } from "./extension.ts";
import { omeExtension } from "./extensions/ome/extension.ts";

export const EXTENSIONS: readonly PageExtension[] = [omeExtension];
