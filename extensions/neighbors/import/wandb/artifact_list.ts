// Artifacts that runs logged, as names with versions.
import type { FoundModel, FoundVersion, OpenedVersion, ReadOptions } from "../records.ts";

/** Types of artifacts that W&B makes itself, of what is also in the files of runs. */
const OWN_TYPE = /^(run_table|job|wandb-[^]*)$/;

export interface ArtifactFacts {
  readonly type: string;
  readonly name: string;
  readonly digest: string;
  readonly aliases: readonly string[];
  readonly notes?: string;
  /** The number of its version at W&B, if it is known. */
  readonly number?: number;
  open(): Promise<OpenedVersion>;
}

interface Model {
  readonly versions: Map<string, FoundVersion>;
  readonly numbers: Map<FoundVersion, number>;
  readonly aliases: Map<string, string>;
}

export class ArtifactList {
  readonly #options: ReadOptions;
  readonly #models = new Map<string, Model>();

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  /** Adds an artifact that a run of a project logged. */
  add(artifact: ArtifactFacts, { project, run }: { project: string; run: string }): void {
    const { type, name: own, digest, aliases, notes, number = 0, open } = artifact;
    if (own === "" || digest === "" || OWN_TYPE.test(type)) return;
    const name = this.#options.nameOf(`${project}/${own}`);
    if (name === undefined) return;
    const model = this.#models.get(name) ??
      { versions: new Map(), numbers: new Map(), aliases: new Map() };
    this.#models.set(name, model);
    for (const alias of aliases) {
      if (!/^(latest|v\d+)$/.test(alias)) model.aliases.set(alias, digest);
    }
    if (model.versions.has(digest)) return;
    const metadata = { digest, wandb: { type, run } };
    const version = { version: digest, notes, labels: new Map(), metadata, open };
    model.versions.set(digest, version);
    model.numbers.set(version, number);
  }

  get all(): FoundModel[] {
    return [...this.#models].map(([name, { versions, numbers, aliases }]) => ({
      kind: "model",
      name,
      labels: new Map(),
      key: "digest",
      aliases,
      versions: [...versions.values()].sort((one, other) =>
        (numbers.get(one) ?? 0) - (numbers.get(other) ?? 0)
      ),
    }));
  }
}
