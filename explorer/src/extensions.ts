// All extensions of the page.
import type { PageExtension } from "./extension.ts";
import { omeExtension } from "./extensions/ome/extension.ts";
import { signInExtension } from "./extensions/sign_in/extension.ts";

export const EXTENSIONS: readonly PageExtension[] = [omeExtension, signInExtension];
