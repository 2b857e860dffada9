// The context of the routes, and what they remember.
import { keepNewest, type System } from "../../core/kernel.ts";
import type { AskedVersion, GatewayContext } from "../../apps/server/extending.ts";

export interface S3Context extends GatewayContext {
  readonly bucket: string;
  readonly exactVersions: ExactVersions;
}

/** How long the commit of an exact version is known, milliseconds: clients read many ranges. */
const KEEP_MS = 60_000;
/** Maximum number of exact versions whose commit is known. */
const MOST_KNOWN = 1000;

/** The commits of exact versions, for a moment. */
export class ExactVersions {
  readonly #system: Pick<System, "monotonic">;
  readonly #known = new Map<string, { commit: string; until: number }>();

  constructor(system: Pick<System, "monotonic">) {
    this.#system = system;
  }

  commitOf({ name, version }: AskedVersion): string | undefined {
    const known = this.#known.get(`${name}@${version}`);
    return known && this.#system.monotonic() < known.until ? known.commit : undefined;
  }

  note({ name, version }: AskedVersion, commit: string): void {
    this.#known.set(`${name}@${version}`, { commit, until: this.#system.monotonic() + KEEP_MS });
    keepNewest(this.#known, MOST_KNOWN);
  }
}
