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

const ROWS: readonly S3Provider[] = [
  {
    id: "s3",
    title: "Amazon S3",
    addressStyle: "virtual",
    ...IF_NONE_MATCH,
  },
  {
    id: "minio",
    title: "MinIO, versitygw and other servers of your own",
    addressStyle: "path",
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
    id: "tos",
    title: "Volcengine TOS",
    addressStyle: "virtual",
    createHeader: ["x-tos-forbid-overwrite", "true"],
    existsReply: { status: 409 },
    versionHeaders: ["x-tos-version-id", "x-amz-version-id"],
    checksum: "md5",
    createMultipart: true,
    deleteMany: true,
    defaultEndpoint: (region) => `https://tos-s3-${region}.volces.com`,
  },
  {
    id: "ks3",
    title: "Kingsoft Cloud KS3",
    addressStyle: "virtual",
    createHeader: ["x-kss-forbid-overwrite", "true"],
    existsReply: { status: 409 },
    versionHeaders: ["x-kss-version-id", "x-amz-version-id"],
    checksum: "md5",
    createMultipart: false,
    deleteMany: true,
    defaultEndpoint: (region) => `https://ks3-${region}.ksyuncs.com`,
  },
  {
    id: "oss",
    title: "Alibaba Cloud OSS",
    addressStyle: "virtual",
    createHeader: ["x-oss-forbid-overwrite", "true"],
    existsReply: { status: 409, code: "FileAlreadyExists" },
    versionHeaders: ["x-oss-version-id", "x-amz-version-id"],
    checksum: "md5",
    createMultipart: true,
    deleteMany: true,
    defaultEndpoint: (region) => `https://s3.oss-${region.replace(/^oss-/, "")}.aliyuncs.com`,
  },
  {
    id: "cos",
    title: "Tencent Cloud COS",
    addressStyle: "virtual",
    createHeader: ["x-cos-forbid-overwrite", "true"],
    existsReply: { status: 409, code: "FileAlreadyExists" },
    versionHeaders: ["x-cos-version-id", "x-amz-version-id"],
    checksum: "md5",
    createMultipart: true,
    deleteMany: true,
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
