// The contract of previews and comparisons: one version and its files.

/** A file of one version, read by ranges. */
export interface ArtifactFile {
  /** `name@version`. */
  readonly ref: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  /** The stored type, else `application/octet-stream`: the extension decides before it. */
  readonly mediaType: string;
  /** The URL of the service. It needs the token, so show images from `read`, as `blob:` URLs. */
  readonly url: string;
  /** Reads a range of bytes. It is shorter only at the end of the file. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads its list of chunks, if the service has one: FORMAT.md, section 3.4. */
  chunks?(signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Reads the beginning as UTF-8. */
  text(maxBytes: number, signal?: AbortSignal): Promise<{ text: string; truncated: boolean }>;
}

/** The part of a file that formats need. */
export type FileToRead = Pick<ArtifactFile, "path" | "size" | "read">;

export interface ArtifactVersion {
  readonly name: string;
  readonly version: string;
  readonly commit: string;
  readonly digest: string;
  /** The id of the materializer that loads it, such as `json`. */
  readonly materializer: string;
  readonly metadata: Record<string, unknown>;
  readonly files: readonly ArtifactFile[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** The author, if known; with a token, as a service checked. */
  readonly by?: { readonly name: string; readonly token?: string };
  /** Bytes of all files. */
  readonly size: number;
  readonly inputs: readonly string[];
}
