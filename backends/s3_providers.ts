// Differences between S3-compatible stores, a row per vendor.
import { invalid } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";

/** Names of supported vendors. */
export type S3ProviderId = "s3" | "minio" | "r2" | "tos" | "ks3" | "oss" | "cos";

/** Properties of an S3-compatible store. */
export interface S3Provider {
  /** The name, also the scheme of URLs: `tos://bucket/prefix`. */
  readonly id: S3ProviderId;
  readonly title: string;
  /**
   * The bucket name is in the path or in the host name; with your own `s3` endpoint in the path.
   */
  readonly addressStyle: "path" | "virtual";
  /** The header that makes a put create-only. */
  readonly createHeader: readonly [name: string, value: string];
  /** The status, and if that is ambiguous the error code, of a create that lost. */
  readonly existsReply: { readonly status: number; readonly code?: string };
  /** Reply headers that reveal bucket versioning, under which `createHeader` is ignored. */
  readonly versionHeaders: readonly string[];
  /** The checksum sent with every upload. */
  readonly checksum: "crc32" | "md5";
  /** True if a presigned put binds length and SHA-256, and `head` returns that digest. */
  readonly checksPuts?: boolean;
  /** True if the last request of a multipart upload accepts `createHeader`. */
  readonly createMultipart: boolean;
  /** True if all parts of an upload but the last must have one size. */
  readonly equalParts?: boolean;
  /** True if the store has `DeleteObjects`; else objects are deleted one by one. */
  readonly deleteMany: boolean;
  /** @default found by the SDK */
  readonly defaultRegion?: string;
  /** Returns the endpoint of a region; absent if only the user knows it. */
  readonly defaultEndpoint?: (region: string) => string;
}

const IF_NONE_MATCH = {
  createHeader: ["if-none-match", "*"],
  existsReply: { status: 412 },
  versionHeaders: [],
  createMultipart: true,
  checksum: "crc32",
  deleteMany: true,
} as const;

/** Stores with a header of their own for create-only puts. `word` is part of the names of headers. */
function forbidOverwrite(id: S3ProviderId, word: string) {
  return {
    id,
    addressStyle: "virtual",
    createHeader: [`x-${word}-forbid-overwrite`, "true"],
    existsReply: { status: 409, code: "FileAlreadyExists" },
    versionHeaders: [`x-${word}-version-id`, "x-amz-version-id"],
    checksum: "md5",
    createMultipart: true,
    deleteMany: true,
  } as const;
}

const ROWS: readonly S3Provider[] = [
  { id: "s3", title: "Amazon S3", addressStyle: "virtual", checksPuts: true, ...IF_NONE_MATCH },
  {
    id: "minio",
    title: "MinIO, versitygw and other servers of your own",
    addressStyle: "path",
    checksPuts: true,
    ...IF_NONE_MATCH,
    defaultRegion: "us-east-1",
  },
  {
    id: "r2",
    title: "Cloudflare R2",
    addressStyle: "path",
    equalParts: true,
    ...IF_NONE_MATCH,
    defaultRegion: "auto",
  },
  {
    ...forbidOverwrite("tos", "tos"),
    title: "Volcengine TOS",
    existsReply: { status: 409 },
    defaultEndpoint: (region) => `https://tos-s3-${region}.volces.com`,
  },
  {
    ...forbidOverwrite("ks3", "kss"),
    title: "Kingsoft Cloud KS3",
    existsReply: { status: 409 },
    createMultipart: false,
    defaultEndpoint: (region) => `https://ks3-${region}.ksyuncs.com`,
  },
  {
    ...forbidOverwrite("oss", "oss"),
    title: "Alibaba Cloud OSS",
    defaultEndpoint: (region) => `https://s3.oss-${region.replace(/^oss-/, "")}.aliyuncs.com`,
  },
  {
    ...forbidOverwrite("cos", "cos"),
    title: "Tencent Cloud COS",
    defaultEndpoint: (region) => `https://cos.${region}.myqcloud.com`,
  },
];

/** Supported stores by name. */
export const S3_PROVIDERS: ReadonlyMap<S3ProviderId, S3Provider> = new Map(
  ROWS.map((row) => [row.id, row]),
);

/** Returns the properties of a provider. Throws `Invalid` for an unknown one. */
export function findS3Provider(id: string): S3Provider {
  const row = S3_PROVIDERS.get(id as S3ProviderId);
  if (row !== undefined) return row;
  throw invalid("use provider", shown(id), "unknown provider", {
    hint: `Use one of ${[...S3_PROVIDERS.keys()].join(", ")}; "minio" fits most other servers.`,
  });
}
