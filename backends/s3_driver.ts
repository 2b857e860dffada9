// Description of the driver for S3 and compatible stores.
import { join } from "node:path";
import type { Backend } from "../core/backend.ts";
import type {
  CredentialSources,
  Driver,
  FoundCredentials,
  OpenStoreOptions,
} from "../core/driver.ts";
import { isRegistryError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { type BackendPlace, checkParameters, isOn } from "../core/urls/store_place.ts";
import { isThere } from "./bucket/describe.ts";
import { checkUrlWords } from "./bucket/words.ts";
import type { KnownBucket, S3Configs } from "./s3_configs.ts";
import type { BucketOptions } from "./s3_configs/open_bucket.ts";
import { findS3Provider, S3_PROVIDERS } from "./s3_providers.ts";

/** A file with credentials in the working directory. */
const ENV_FILE = "s3_aksk.env";

/** Parameters of URLs that say how the bucket is used. */
const ACCESS = ["anonymous", "requester-pays", "encryption", "kms-key", "storage-class"];

export const s3Driver: Driver = {
  kind: "s3",
  schemes: [...S3_PROVIDERS.keys()],
  buckets: true,
  parameters: ["endpoint", "region", "provider", ...ACCESS],
  variables: ["AWS_"],
  certificates: ["AWS_CA_BUNDLE"],
  help: {
    urls: "s3://bucket/prefix with ?endpoint=URL&region=NAME&provider=NAME, " +
      "anonymous=true, requester-pays=true, encryption=aws:kms, kms-key=ID, storage-class=NAME; " +
      `${[...S3_PROVIDERS.keys()].slice(1).join(" ")} with ?endpoint=URL&region=NAME`,
    credentials: "S3 reads PROVIDER_BUCKET_ENDPOINT, _ACCESS_KEY, _SECRET_KEY and _REGION " +
      `(S3_MY_BUCKET_REGION) from the environment, then from ./${ENV_FILE}; s3: URLs then use ` +
      "Amazon's own sources (AWS_ACCESS_KEY_ID …)",
  },
  open,
  findCredentials,
};

async function open(
  place: BackendPlace,
  options: OpenStoreOptions & { s3Configs?: S3Configs },
): Promise<Backend> {
  const { scheme, bucket, prefix, parameters } = place;
  checkUrlWords(place);
  checkParameters(place, scheme === "s3" ? s3Driver.parameters : ["endpoint", "region", ...ACCESS]);
  const provider = findS3Provider(parameters.provider ?? scheme).id;
  const [{ createS3Configs }, { openBucket, toCredentials }] = await Promise.all([
    import("./s3_configs.ts"),
    import("./s3_configs/open_bucket.ts"),
  ]);
  const { credentials, createBucket, retryForMs, logger, system } = options;
  const { s3Configs = createS3Configs({ system }) } = options;
  const find = scheme === "s3" ? s3Configs.find : s3Configs.get; // only s3: falls back to the SDK
  const isPublic = isOn(place, "anonymous");
  const config = credentials === undefined && !isPublic ? await find(provider, bucket) : undefined;
  const { endpoint = config?.endpoint, region = config?.region } = parameters;
  const configured = async () => toCredentials(await s3Configs.get(provider, bucket));
  return await openBucket({
    provider,
    bucket,
    prefix,
    endpoint,
    region,
    createBucket,
    retryForMs,
    logger,
    system,
    putOptions: putOptionsOf(place),
    requesterPays: isOn(place, "requester-pays"),
    credentials: isPublic
      ? "anonymous"
      : config === undefined
      ? credentials as BucketOptions["credentials"]
      : configured,
  });
}

function putOptionsOf({ parameters }: BackendPlace): Record<string, string> | undefined {
  const key = parameters["kms-key"];
  const present = Object.entries({
    ServerSideEncryption: parameters.encryption ?? (key && "aws:kms"),
    SSEKMSKeyId: key,
    StorageClass: parameters["storage-class"],
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return present.length === 0 ? undefined : Object.fromEntries(present);
}

async function findCredentials(
  { scheme, bucket, parameters }: BackendPlace,
  { cwd, system }: CredentialSources,
): Promise<FoundCredentials> {
  if (parameters.anonymous) return { found: true, where: "none: requests are not signed" };
  const provider = parameters.provider ?? scheme;
  const envFile = join(cwd, ENV_FILE);
  const { createS3Configs } = await import("./s3_configs.ts");
  const configs = createS3Configs({ envFile, system });
  try {
    if (await configs.find(provider, bucket) !== undefined) {
      const isOwn = (entry: KnownBucket) => entry.provider === provider && entry.bucket === bucket;
      const where = (await configs.names()).find(isOwn)?.source === "file"
        ? `keys in ${envFile}`
        : "keys in the environment";
      return { found: true, where };
    }
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    return { found: false, where: error.message };
  }
  const stem = `${provider}_${bucket}`.toUpperCase().replace(/[^A-Z0-9]/g, "_");
  const own = `no ${stem}_ACCESS_KEY in the environment, nor in ${envFile}`;
  return provider === "s3" ? await ofAmazon(own, system) : { found: false, where: own };
}

const SDK_VARIABLES = [
  "AWS_PROFILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/** Finds the credentials that Amazon's SDK would use. */
async function ofAmazon(own: string, { env }: System): Promise<FoundCredentials> {
  if (env("AWS_ACCESS_KEY_ID")) {
    return { found: true, where: "AWS_ACCESS_KEY_ID in the environment" };
  }
  for (const name of SDK_VARIABLES) {
    if (env(name)) return { found: true, where: `${name}, by Amazon's SDK` };
  }
  const home = env("HOME") ?? env("USERPROFILE");
  const files = home === undefined
    ? []
    : [join(home, ".aws/credentials"), join(home, ".aws/config")];
  for (const file of [env("AWS_SHARED_CREDENTIALS_FILE"), ...files]) {
    if (file && await isThere(file)) return { found: true, where: `${file}, by Amazon's SDK` };
  }
  return {
    found: false,
    where: `${own}; no AWS_ACCESS_KEY_ID, no profile; a role of this machine may provide some`,
  };
}
