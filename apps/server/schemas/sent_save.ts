// The body of a request that saves, as routes read it.
import type { SaveOptions } from "../../../core/registry/operations/saving.ts";

/** @internal */
interface AboutFile {
  path: string;
  mediaType?: string | undefined;
  mode?: "executable" | "link" | "folder" | undefined;
  modifiedAt?: string | undefined;
  size?: number | undefined;
  sha256?: string | undefined;
}

/** @internal */
interface SizedFile extends AboutFile {
  size: number;
  sha256: string;
}

/** @internal */
interface JoinedFile extends SizedFile {
  earlier: {
    name: string;
    version: string;
    commit: string;
    runs: { size: number; at?: number | undefined }[];
  };
}

/** @internal */
export type SentFile =
  | AboutFile & { data: string }
  | AboutFile & { upload: string }
  | AboutFile & { local: string; given?: boolean | undefined }
  | SizedFile & { uploads: string[] }
  | JoinedFile & { upload?: string | undefined }
  | JoinedFile & { uploads: string[] };

/** @internal */
export type GivenInput =
  | string
  | { ref: string; digest?: string | undefined }
  | { ref: string; digest: null };

/**
 * Options that the service passes on as they come.
 *
 * @internal
 */
export type SentOptions = Omit<
  SaveOptions,
  "alias" | "metadata" | "inputs" | "as" | "onProgress" | "signal"
>;

/** @internal */
export type SaveRequest =
  & { [Name in keyof Required<SentOptions>]: SentOptions[Name] }
  & {
    alias?: string | string[] | undefined;
    metadata?: Record<string, unknown> | undefined;
    inputs?: GivenInput[] | undefined;
    materializer: { id: string; formatVersion: number };
    files?: SentFile[] | undefined;
  };
