// Options under the names of other programs.

/** Names of mindtrace, boto3, minio and google-cloud, and ours. */
const OURS: ReadonlyMap<string, string> = new Map(Object.entries({
  bucket_name: "bucket",
  access_key: "credentials: { accessKeyId, secretAccessKey }",
  secret_key: "credentials: { accessKeyId, secretAccessKey }",
  aws_access_key_id: "credentials: { accessKeyId, secretAccessKey }",
  aws_secret_access_key: "credentials: { accessKeyId, secretAccessKey }",
  credentials_path: "keyFilename",
  endpoint_url: "endpoint",
  secure: 'endpoint: "http://…"',
  version_objects: "versioned",
  use_cache: "cache",
  output_dir: "to",
}));

/** Returns how one of the known options is written that another program calls `name`. */
export function ourOption(name: string, known: readonly string[]): string | undefined {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const ours = OURS.get(snake) ??
    snake.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
  return known.includes(ours.split(":")[0]!) && ours !== name ? ours : undefined;
}
