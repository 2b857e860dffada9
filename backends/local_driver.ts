// Description of the driver for folders.
import type { Driver } from "../core/driver.ts";
import { invalid } from "../core/errors.ts";
import type { BackendPlace } from "../core/urls/store_place.ts";

export const localDriver: Driver = {
  kind: "local",
  schemes: ["file", "disk", "local"],
  buckets: false,
  parameters: [],
  help: { urls: "a folder" },
  async open(place, { locking, layout, system }) {
    const path = pathOf(place);
    return (await import("./local.ts")).createLocalBackend({ path, locking, layout, system });
  },
};

/** Returns a path or `file:` URL as it is, and of `disk:data` the path. */
function pathOf({ url, scheme, bucket }: BackendPlace): string {
  if (scheme === "file") return url;
  if (bucket === "") return url.slice(scheme.length + 1);
  throw invalid("open", `${scheme}://…`, '"//" is only for buckets', {
    hint: `Write "${scheme}:data", or the plain path.`,
  });
}
