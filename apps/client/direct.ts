// Transfers between the caller and the store of a service, by presigned URLs.
import { checkName, nameSegment, shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { DirectDownload, Upload, UploadFile } from "../../core/registry/transfer.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import { versionPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import { askedOf } from "./save_value.ts";
import { type OnWire, savedOf } from "./wire.ts";

export type DirectTransfers = Required<
  Pick<RegistryService, "createUpload" | "commitUpload" | "presignDownload">
>;

/** Direct transfers of a service. They fail with `Unsupported` if its store cannot presign URLs. */
export function createDirectTransfers(
  connection: Connection,
  { checkWritable }: { checkWritable(action: string): void },
): DirectTransfers {
  return {
    async createUpload({ files, expiresInMs, signal }) {
      const action = "create an upload";
      checkWritable(action);
      const json = {
        files: files.map((file) => typeof file === "string" ? { path: file } : asked(file)),
        expiresInMs,
      };
      const call = { action, method: "POST", path: "uploads/presigned", json, signal } as const;
      const upload = await connection.json<OnWire<Upload>>(call);
      if (!Array.isArray(upload?.files)) throw connection.unexpected(call, "it has no URLs");
      return { ...upload, expiresAt: new Date(upload.expiresAt) };
    },
    async commitUpload({ id, files }, options) {
      const { name, signal } = options;
      checkName(name);
      const action = `commit an upload as ${shown(name)}`;
      checkWritable(action);
      const path = `uploads/presigned/${nameSegment(id)}/commit`;
      const json = { ...askedOf(options), files: files.map(asked) };
      const repeated = { writes: true, repeats: true }; // a repeat returns the same version
      return await connection.read(
        { action, method: "POST", path, json, ...repeated, signal },
        savedOf,
      );
    },
    async presignDownload(ref, { version, path, fileName, expiresInMs, signal } = {}) {
      parseRef(ref, version);
      const action = `presign a file of ${shown(ref)}`;
      const query = { path, fileName, expiresInMs };
      const call = { action, path: `${versionPath(ref, version)}/presign`, query, signal };
      const found = await connection.json<OnWire<DirectDownload>>(call);
      if (typeof found?.url !== "string") throw connection.unexpected(call, "it has no URL");
      return { ...found, expiresAt: new Date(found.expiresAt) };
    },
  };
}

/** Returns a file without the URL that a created upload has. */
function asked({ path, mediaType, size, sha256 }: UploadFile): UploadFile {
  return { path, mediaType, size, sha256 };
}
