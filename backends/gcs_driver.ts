// Description of the driver for Google Cloud Storage.
import { join } from "node:path";
import type { Backend } from "../core/backend.ts";
import type {
  CredentialSources,
  Driver,
  FoundCredentials,
  OpenStoreOptions,
} from "../core/driver.ts";
import { loadPart, orImport } from "../core/urls/load_part.ts";
import { type BackendPlace, checkParameters, isOn } from "../core/urls/store_place.ts";
import { isThere } from "./bucket/describe.ts";
import { checkUrlWords } from "./bucket/words.ts";

export const gcsDriver: Driver = {
  kind: "gcs",
  schemes: ["gs", "gcs"],
  buckets: true,
  parameters: ["endpoint", "anonymous"],
  variables: ["GOOGLE_"],
  help: {
    urls: "gs://bucket/prefix with ?endpoint=URL&anonymous=true",
    credentials: "gs: URLs use Google's own sources (GOOGLE_APPLICATION_CREDENTIALS …)",
  },
  open,
  findCredentials,
  // Requests carry a bearer token, except without TLS.
  tokenRevealedTo: ({ protocol, hostname }) =>
    protocol === "http:" || /(^|\.)googleapis\.com$/.test(hostname) ? undefined : "Google",
};

interface GcsDriver {
  createGcsBackend(options: Record<string, unknown>): Backend;
}

async function open(
  place: BackendPlace,
  options: OpenStoreOptions & { keyFilename?: string; projectId?: string },
): Promise<Backend> {
  const { bucket, prefix, parameters: { endpoint } } = place;
  checkUrlWords(place);
  checkParameters(place, gcsDriver.parameters);
  const loading = loadPart<GcsDriver>("./gcs.ts", import.meta.url);
  const { createGcsBackend } = await orImport("backends/gcs", loading);
  const { keyFilename, projectId, createBucket, retryForMs, logger, system } = options;
  const credentials = isOn(place, "anonymous") ? "anonymous" : options.credentials;
  return createGcsBackend({
    bucket,
    prefix,
    endpoint,
    credentials,
    keyFilename,
    projectId,
    createBucket,
    retryForMs,
    logger,
    system,
  });
}

async function findCredentials(
  { parameters }: BackendPlace,
  { system: { env } }: CredentialSources,
): Promise<FoundCredentials> {
  if (parameters.anonymous) return { found: true, where: "none: requests carry no token" };
  const named = env("GOOGLE_APPLICATION_CREDENTIALS");
  if (named) {
    return { found: await isThere(named), where: `${named} (GOOGLE_APPLICATION_CREDENTIALS)` };
  }
  const home = env("HOME") ?? env("USERPROFILE");
  const file = home && join(home, ".config/gcloud/application_default_credentials.json");
  if (file && await isThere(file)) return { found: true, where: `${file} (gcloud)` };
  return {
    found: false,
    where: "no GOOGLE_APPLICATION_CREDENTIALS, no file of gcloud; a service account of this " +
      "machine may still provide some",
  };
}
