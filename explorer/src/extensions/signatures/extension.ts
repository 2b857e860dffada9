// Signatures of versions, which are in a label. The page has no keys, and checks none.
import type { PageExtension } from "../../extension.ts";

export const signaturesExtension: PageExtension = {
  name: "signatures",
  labels: { signatures: async () => (await import("./signatures_view.ts")).Signatures },
};
