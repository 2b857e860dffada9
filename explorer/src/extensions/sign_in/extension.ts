// Sign-in with identity providers.
import type { PageExtension } from "../../extension.ts";

export const signInExtension: PageExtension = {
  name: "sign-in",
  loadSignIn: () => import("./provider.ts"),
};
