// A loaded file or folder, which stays in the registry until it is written.
import type { Artifact } from "../../core/artifact.ts";
import type { FileToSave } from "../../core/materializer.ts";
import type { WriteFilesOptions, WrittenFiles } from "../../disk/write_files.ts";
import { itemAt } from "../../core/faults/present.ts";
import { fileFacts } from "../../core/registry/file_facts.ts";

/** Files up to this size are saved again from memory. */
const SMALL_BYTES = 65_536;

/**
 * A file or folder that `localPath` saved. Its content is read on demand. It can be saved again,
 * also under another name.
 *
 * @example
 * ```ts
 * import { localPath, openRegistry } from "@holdfast/holdfast";
 * import { folder } from "@holdfast/holdfast/materializers";
 * import { assertEquals } from "@std/assert";
 *
 * const temporary = await Deno.makeTempDir();
 * await Deno.mkdir(`${temporary}/data`);
 * await Deno.writeTextFile(`${temporary}/data/a.txt`, "hello");
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data:raw", localPath(`${temporary}/data`));
 * const data = await registry.load("data:raw", { as: folder() });
 * await data.writeTo(`${temporary}/copy`);
 * assertEquals(await Deno.readTextFile(`${temporary}/copy/a.txt`), "hello");
 * await Deno.remove(temporary, { recursive: true });
 * ```
 */
export class StoredPath {
  readonly kind: "file" | "folder";
  /** The version that it was loaded from. */
  readonly artifact: Artifact;

  constructor(kind: "file" | "folder", artifact: Artifact) {
    this.kind = kind;
    this.artifact = artifact;
  }

  /** The name of a file; for a folder, that of the artifact. */
  get name(): string {
    return this.kind === "file"
      ? itemAt(this.artifact.files(), 0).info.path
      : this.artifact.info.name;
  }

  /** Writes it to disk, as `registry.download` does. */
  async writeTo(path: string, options: WriteFilesOptions = {}): Promise<WrittenFiles> {
    const { writeFiles } = await import("../../disk/write_files.ts");
    return await writeFiles(this.artifact, path, options);
  }

  /** Yields its files for another save. */
  async *filesToSave(): AsyncIterable<FileToSave> {
    for (const file of this.artifact.files()) {
      const { path, size, mode, modifiedAt } = file.info;
      const content = size <= SMALL_BYTES
        ? await file.bytes()
        : { size, stream: () => file.stream() };
      yield { path, content, ...fileFacts({ path, mode, modifiedAt }) };
    }
  }
}
