// Artifacts of runs. Their files are those that W&B's client keeps on a machine:
//
//   obj/md5/fd/3eb…      its cache, ~/.cache/wandb/artifacts: named by their MD5
//   staging/tmpx1y2      ~/.local/share/wandb/artifacts: named by the manifest
import { Buffer } from "node:buffer";
import { joinPath, nameOf, shown } from "../../../../core/kernel.ts";
import { checkedFile } from "../dvc/cache.ts";
import type { FoundModel, OpenedVersion, ReadOptions } from "../records.ts";
import type { SourceFiles } from "../source_files.ts";
import { ArtifactList } from "./artifact_list.ts";
import { integerOf, type Message, messagesOf, textOf, textsOf } from "../protobuf.ts";

/** Fields of an artifact, its manifest and a file in it. */
const ARTIFACT = {
  type: 4,
  name: 5,
  digest: 6,
  description: 7,
  aliases: 11,
  manifest: 12,
} as const;
const MANIFEST = { files: 4, elsewhere: 5 } as const;
const FILE = { path: 1, digest: 2, reference: 3, size: 4, local: 6 } as const;

/** Returns what the metadata of a run has of an artifact. */
export function factsOf(artifact: Message) {
  const text = (field: number) => textOf(artifact, field);
  return {
    type: text(ARTIFACT.type),
    name: text(ARTIFACT.name),
    digest: text(ARTIFACT.digest),
    aliases: textsOf(artifact, ARTIFACT.aliases),
  };
}

export class Artifacts {
  readonly #files: SourceFiles;
  readonly #options: ReadOptions;
  readonly #list: ArtifactList;

  constructor(files: SourceFiles, options: ReadOptions) {
    this.#files = files;
    this.#options = options;
    this.#list = new ArtifactList(options);
  }

  /** Adds an artifact that a run of a project logged. */
  add(artifact: Message, by: { project: string; run: string }): void {
    const notes = textOf(artifact, ARTIFACT.description) || undefined;
    this.#list.add({ ...factsOf(artifact), notes, open: () => this.#open(artifact) }, by);
  }

  get models(): FoundModel[] {
    return this.#list.all;
  }

  async #open(artifact: Message): Promise<OpenedVersion> {
    const problems: string[] = [], files = [], has = { files: 0, bytes: 0 };
    const [manifest] = messagesOf(artifact, ARTIFACT.manifest);
    if (textOf(manifest, MANIFEST.elsewhere) !== "") {
      problems.push("its list of files is elsewhere");
    }
    for (const file of messagesOf(manifest, MANIFEST.files)) {
      this.#options.signal?.throwIfAborted();
      const path = textOf(file, FILE.path), reference = textOf(file, FILE.reference);
      has.files++;
      has.bytes += integerOf(file, FILE.size) ?? 0;
      const md5 = Buffer.from(textOf(file, FILE.digest), "base64").toString("hex");
      const entry = reference === "" && md5.length === 32
        ? await this.#find(md5, nameOf(textOf(file, FILE.local)))
        : undefined;
      if (entry !== undefined && entry.size === (integerOf(file, FILE.size) ?? 0)) {
        const read = () => this.#files.chunks(entry.path);
        files.push(checkedFile({ path, md5, isLegacy: false }, entry.size, read));
      } else if (reference !== "") problems.push(`${shown(path)} is a reference`);
      else problems.push(`${shown(path)} is not in --artifacts (${md5})`);
    }
    return { files, problems, has };
  }

  async #find(md5: string, staged: string) {
    const cached = `obj/md5/${md5.slice(0, 2)}/${md5.slice(2)}`;
    const own = /^[\w.-]+$/.test(staged) && !/^\.+$/.test(staged) ? [staged] : [];
    const paths = [cached, ...own, ...own.map((each) => joinPath("staging", each))];
    for (const path of paths) {
      const entry = await this.#files.look(path, []);
      if (entry?.kind === "file") return entry;
    }
  }
}
