// The real object stores that tests run against: how each is started.
export type ServerKind = "minio" | "versitygw" | "fake-gcs" | "gofakes3";

export interface ServerPlace {
  port: number;
  data: string;
  certificates?: string;
}

export interface ServerRow {
  binary: string;
  protocol: "s3" | "gcs";
  durable: boolean;
  args(place: ServerPlace): string[];
  tlsArgs?(certificates: string): string[];
  env?: Record<string, string>;
  ready: string;
  bucketFolders?: boolean;
  bucketRequest?: { path: string; body: string };
}

/** The credentials of all servers; `fake-gcs` and `gofakes3` look at none. */
export const ACCESS_KEY = "testkey";
export const SECRET_KEY = "testsecret123";
export const REGION = "us-east-1";
export const BUCKET = "holdfast";

const address = ({ port }: ServerPlace) => `127.0.0.1:${port}`;

export const SERVERS: Record<ServerKind, ServerRow> = {
  minio: {
    binary: "minio",
    protocol: "s3",
    durable: true,
    args: (place) => ["server", "--quiet", "--address", address(place), place.data],
    tlsArgs: (certificates) => ["--certs-dir", certificates],
    env: {
      MINIO_ROOT_USER: ACCESS_KEY,
      MINIO_ROOT_PASSWORD: SECRET_KEY,
      MINIO_SITE_REGION: REGION, // else it takes any
      MINIO_BROWSER: "off",
      MINIO_UPDATE: "off",
    },
    ready: "/minio/health/cluster",
    bucketFolders: true,
  },
  versitygw: {
    binary: "versitygw",
    protocol: "s3",
    durable: true,
    args: (place) => {
      const credentials = ["-a", ACCESS_KEY, "-s", SECRET_KEY, "--region", REGION];
      return [
        "-q",
        ...credentials,
        "--health",
        "/health",
        "-p",
        address(place),
        "posix",
        place.data,
      ];
    },
    ready: "/health",
    bucketFolders: true,
  },
  "fake-gcs": {
    binary: "fake-gcs-server",
    protocol: "gcs",
    durable: false, // its folders take the time of a file for its generation, and clash where one key is in another
    args: (place) => [
      ...["-scheme", "http", "-host", "127.0.0.1", "-port", String(place.port)],
      ...["-public-host", address(place), "-external-url", `http://${address(place)}`],
      ...["-backend", "memory", "-log-level", "warn"],
    ],
    ready: "/storage/v1/b?project=test",
    bucketRequest: { path: "/storage/v1/b?project=test", body: JSON.stringify({ name: BUCKET }) },
  },
  gofakes3: {
    binary: "gofakes3",
    protocol: "s3",
    durable: false,
    args: (place) => ["-backend", "memory", "-host", address(place), "-initialbucket", BUCKET],
    ready: "/",
  },
};

/** The servers that speak S3 as it is meant: two code bases that share nothing. */
export const S3_SERVERS = ["minio", "versitygw"] as const satisfies ServerKind[];
export const REAL_SERVERS = [...S3_SERVERS, "fake-gcs"] as const satisfies ServerKind[];
