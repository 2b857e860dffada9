// Bundles as the packages of Sigstore pass them on.
import { type Bundle, bundleFromJSON } from "npm:@sigstore/bundle@^4";

export function readSigstoreBundle(text: string): Bundle {
  return bundleFromJSON(JSON.parse(text));
}
