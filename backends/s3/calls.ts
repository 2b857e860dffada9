// Types of the S3 requests in use, by the SDK's names: inputs and used fields of replies.
interface Target {
  Bucket: string;
  Key: string;
}

interface Described extends Target {
  ContentType?: string;
  Metadata?: Record<string, string>;
  ChecksumAlgorithm?: "CRC32" | "SHA256";
}

interface Sent {
  Body: Uint8Array;
  ChecksumCRC32?: string;
  ContentMD5?: string;
}

interface About {
  ETag?: string;
  LastModified?: Date;
  ContentLength?: number;
}

export interface ListedObject {
  Key?: string;
  Size?: number;
  LastModified?: Date;
  ETag?: string;
}

export interface ListPage {
  Contents?: ListedObject[];
  CommonPrefixes?: { Prefix?: string }[];
  IsTruncated?: boolean;
  NextContinuationToken?: string;
}

interface UploadPage {
  Uploads?: { Key?: string; UploadId?: string; Initiated?: Date }[];
  IsTruncated?: boolean;
  NextKeyMarker?: string;
  NextUploadIdMarker?: string;
}

export interface FinishedPart {
  PartNumber: number;
  ETag?: string;
  ChecksumCRC32?: string;
}

export type ArrivingBody = AsyncIterable<Uint8Array>;

export interface S3Calls {
  HeadBucket: [{ Bucket: string }, unknown];
  CreateBucket: [
    { Bucket: string; CreateBucketConfiguration?: { LocationConstraint?: string } },
    unknown,
  ];
  HeadObject: [
    Target & { ChecksumMode?: "ENABLED" },
    About & { ContentType?: string; Metadata?: Record<string, string>; ChecksumSHA256?: string },
  ];
  GetObject: [
    Target & {
      Range?: string;
      ResponseContentType?: string;
      ResponseContentDisposition?: string;
    },
    About & { Body?: ArrivingBody; ContentRange?: string },
  ];
  PutObject: [Described & Partial<Sent>, { ETag?: string; VersionId?: string }];
  DeleteObject: [Target & { IfMatch?: string }, unknown];
  DeleteObjects: [
    { Bucket: string; Delete: { Objects: { Key: string }[]; Quiet: boolean } },
    { Errors?: { Key?: string; Code?: string; Message?: string }[] },
  ];
  ListObjectsV2: [
    {
      Bucket: string;
      Prefix?: string;
      StartAfter?: string;
      Delimiter?: string;
      MaxKeys?: number;
      ContinuationToken?: string;
    },
    ListPage,
  ];
  CopyObject: [
    Described & { CopySource: string; CopySourceIfMatch?: string; MetadataDirective: "REPLACE" },
    { CopyObjectResult?: { ETag?: string; LastModified?: Date } },
  ];
  CreateMultipartUpload: [Described, { UploadId?: string }];
  UploadPart: [
    Target & Sent & { UploadId: string; PartNumber: number },
    { ETag?: string; ChecksumCRC32?: string },
  ];
  UploadPartCopy: [
    Target & {
      UploadId: string;
      PartNumber: number;
      CopySource: string;
      CopySourceRange: string;
      CopySourceIfMatch?: string;
    },
    { CopyPartResult?: { ETag?: string; ChecksumCRC32?: string } },
  ];
  CompleteMultipartUpload: [
    Target & { UploadId: string; MultipartUpload: { Parts: FinishedPart[] } },
    { ETag?: string; VersionId?: string },
  ];
  AbortMultipartUpload: [Target & { UploadId: string }, unknown];
  ListMultipartUploads: [
    { Bucket: string; Prefix?: string; KeyMarker?: string; UploadIdMarker?: string },
    UploadPage,
  ];
  ListParts: [
    Target & { UploadId: string; PartNumberMarker?: string },
    { Parts?: { Size?: number }[]; IsTruncated?: boolean; NextPartNumberMarker?: string },
  ];
}

export type S3CallName = keyof S3Calls;

export interface SendOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface ReplyHeaders {
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
}

export interface PlainRequest {
  /** `http:` or `https:`. */
  protocol: string;
  /** Includes a port that is not the default. */
  host: string;
  /** Encoded. */
  path: string;
  /** Not encoded. */
  query: Record<string, string>;
}

export interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  region: string;
}
