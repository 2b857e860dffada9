// Where the credentials of a registry are, never what they are.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createS3Configs } from "../../../backends/mod.ts";
import { type FoundRegistry, tokenSourceOf } from "../../../registry/places/mod.ts";
import { isRegistryError } from "../../../mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { mayRead } from "../../../core/may_read.ts";

export interface FoundCredentials {
  /** Whether any are there. A registry in a folder needs none. */
  found: boolean;
  /** Where they are, or where was looked, in words. */
  where: string;
}

/** Looks where the credentials are that opening this registry would use. */
export async function findCredentials(
  found: FoundRegistry,
  { cwd, system }: Pick<CliIo, "cwd" | "system">,
): Promise<FoundCredentials> {
  if (found.kind === "folder") return { found: true, where: "none needed: a folder" };
  if (found.kind === "service") return tokenPlace(found, system);
  const [, scheme, bucket] = /^([^:]+):\/\/([^/?]*)/.exec(found.location) ?? [];
  const provider = /[?&]provider=([^&]+)/.exec(found.location)?.[1] ?? scheme.toLowerCase();
  if (provider === "gs" || provider === "gcs") return await ofGoogle(system);
  const envFile = join(cwd, "s3_aksk.env");
  const configs = createS3Configs({ envFile, system });
  try {
    if (await configs.find(provider, bucket) !== undefined) {
      const entry = (await configs.names()).find((entry) => entry.provider === provider);
      return {
        found: true,
        where: entry?.source === "file" ? `keys in ${envFile}` : "keys in the environment",
      };
    }
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    return { found: false, where: error.message };
  }
  const stem = `${provider}_${bucket}`.toUpperCase().replace(/[^A-Z0-9]/g, "_");
  const own = `no ${stem}_ACCESS_KEY in the environment, nor in ${envFile}`;
  return provider === "s3" ? await ofAmazon(own, system) : { found: false, where: own };
}

function tokenPlace(found: FoundRegistry, system: CliIo["system"]): FoundCredentials {
  const source = tokenSourceOf(found, { system });
  if ("tokenFile" in source) return { found: true, where: `token in ${source.tokenFile}` };
  if ("none" in source) {
    return { found: false, where: "no token: HOLDFAST_TOKEN is not set, nor --token-file given" };
  }
  const where = found.token === source.token
    ? `token in ${found.envFile}`
    : "token in HOLDFAST_TOKEN";
  return { found: true, where };
}

async function ofAmazon(own: string, { env }: CliIo["system"]): Promise<FoundCredentials> {
  if (env("AWS_ACCESS_KEY_ID")) {
    return { found: true, where: "AWS_ACCESS_KEY_ID in the environment" };
  }
  for (
    const name of [
      "AWS_PROFILE",
      "AWS_WEB_IDENTITY_TOKEN_FILE",
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ]
  ) {
    if (env(name)) return { found: true, where: `as ${name} says, which Amazon's SDK follows` };
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
    where: `${own}; no AWS_ACCESS_KEY_ID, no profile; a role of this machine may still have some`,
  };
}

async function ofGoogle({ env }: CliIo["system"]): Promise<FoundCredentials> {
  const named = env("GOOGLE_APPLICATION_CREDENTIALS");
  if (named) {
    return {
      found: await isThere(named),
      where: `${named}, as GOOGLE_APPLICATION_CREDENTIALS says`,
    };
  }
  const home = env("HOME") ?? env("USERPROFILE");
  const file = home && join(home, ".config/gcloud/application_default_credentials.json");
  if (file && await isThere(file)) return { found: true, where: `${file}, of gcloud` };
  return {
    found: false,
    where:
      "no GOOGLE_APPLICATION_CREDENTIALS, nothing by gcloud; a service account of this machine may still have some",
  };
}

async function isThere(file: string): Promise<boolean> {
  return mayRead(file) && await stat(file).then((stats) => stats.isFile(), () => false);
}
