// The options of the gateway.

/** Options of `createS3Gateway`. */
export interface S3Options {
  /** The name of the bucket that has all names. @default "holdfast" */
  bucket?: string;
  /**
   * The host that has buckets as hosts below it, such as `s3.example.com` for
   * `https://holdfast.s3.example.com`.
   *
   * @default "localhost"
   */
  domain?: string;
  /**
   * The key of the secrets that `holdfast token s3` prints, for clients without session tokens and
   * for presigned URLs.
   *
   * @default tokens are accepted only as session tokens
   */
  key?: string;
}
