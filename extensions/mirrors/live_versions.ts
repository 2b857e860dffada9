// The versions of one name that the target has, in their order. A first mirror adds each of them.
import type { Version } from "../../mod.ts";
import { compareVersions, firstIndex } from "../../core/kernel.ts";

export class LiveVersions {
  /** Lowest first. */
  readonly #sorted: Version[];
  readonly #byText: Map<string, Version>;

  constructor(versions: readonly Version[] = []) {
    this.#sorted = versions.toSorted(compareVersions);
    this.#byText = new Map(versions.map((version) => [version.canonical, version]));
  }

  get(canonical: string): Version | undefined {
    return this.#byText.get(canonical);
  }

  add(version: Version): void {
    if (this.#byText.has(version.canonical)) return;
    this.#byText.set(version.canonical, version);
    this.#sorted.splice(this.#countUpTo(version), 0, version); // mostly at the end
  }

  delete({ canonical }: Version): void {
    const version = this.#byText.get(canonical);
    if (version === undefined) return;
    this.#byText.delete(canonical);
    this.#sorted.splice(this.#countUpTo(version) - 1, 1);
  }

  /** Returns the highest version that is not above another. */
  upTo(version: Version): Version | undefined {
    return this.#sorted[this.#countUpTo(version) - 1];
  }

  #countUpTo(version: Version): number {
    const sorted = this.#sorted;
    return firstIndex(sorted.length, (at) => compareVersions(sorted[at]!, version) > 0);
  }
}
