// Copying a version under another ref, without materializing it.
import { fault } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { CopyOptions, SavedArtifact } from "../../core/registry.ts";
import type { Context } from "./context.ts";
import { withArtifact } from "./load.ts";
import { createArtifact } from "../cache/read.ts";
import { StoreReader } from "../payload/store_reader.ts";
import { StoredContent, type StoredReader } from "../payload/stored_content.ts";
import type { StoredFile } from "../../core/record.ts";
import { saveFiles } from "./save.ts";
import { fileFacts } from "../../core/registry/file_facts.ts";

export async function copyVersion(
  context: Context,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<SavedArtifact> {
  const target = parseRef(to);
  const { selector } = target;
  if (!target.bare && selector.kind !== "version") {
    throw fault({
      code: "Invalid",
      action: "copy to",
      subject: shown(to),
      state: "not a name or a name with a version",
      hint: `Examples: "model", "model@2.0.0".`,
    });
  }
  const version = selector.kind === "version" ? selector.version.full : undefined;
  const { signal } = options;
  let stored: FileToSave[] = [];
  const read: typeof createArtifact = (context, source, how) => {
    stored = filesOf(source.files, new StoreReader(context, source, how));
    return createArtifact(context, source, how);
  };
  return await withArtifact(
    context,
    parseRef(from),
    { signal, verify: "integrity", fresh: true },
    (artifact) => {
      const { name, materializer, metadata, inputs } = artifact.info;
      // Under the same name the payload is shared; under another one the store copies it, for payloads never cross names.
      const base = `${name}@${artifact.info.version}`;
      const members = inputs.length > 0 ? { inputs } : {};
      const files = {
        name: target.name,
        materializer,
        members,
        wholeBase: true,
        produce: () => stored,
      };
      return saveFiles(context, files, { ...options, version, base, metadata });
    },
    read,
  );
}

function filesOf(files: readonly StoredFile[], reader: StoredReader): FileToSave[] {
  return files.map((file) => {
    return { path: file.path, ...fileFacts(file), content: new StoredContent(file, reader) };
  });
}
