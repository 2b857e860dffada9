// How one bucket is reached, in an object that does not show its secrets.
import { fault } from "../../core/errors.ts";
import { namesOfKey } from "../bucket/describe.ts";
import type { S3Credentials } from "../s3/credentials.ts";

/** How one bucket is reached. */
export interface S3Config extends S3Credentials {
  /** URL of the service. @default that of the provider for the region, where it has one */
  endpoint?: string;
  /** Where the bucket is, in the words of the provider. */
  region?: string;
}

/** The same as programs may write it: keys may also be `accessKey` or `access_key`, `secretKey` or `secret_key`. */
export type S3ConfigInput =
  & Omit<S3Config, "accessKeyId" | "secretAccessKey">
  & ({ accessKeyId: string } | { accessKey: string } | { access_key: string })
  & ({ secretAccessKey: string } | { secretKey: string } | { secret_key: string });

export type S3Setting = Exclude<keyof S3Config, "expiration">;

/** The settings of a configuration, in the order that messages name them. */
export const SETTINGS: readonly S3Setting[] = [
  "endpoint",
  "accessKeyId",
  "secretAccessKey",
  "region",
  "sessionToken",
];

const REQUIRED: readonly S3Setting[] = ["accessKeyId", "secretAccessKey"];

const HIDDEN = "[hidden]";

/**
 * Only the settings that were given, so that a spread copy has them. Printing and serializing show no keys, also of
 * such a copy.
 */
function hideSecrets(config: S3Config): S3Config {
  const toJSON = function (this: Partial<S3Config>): Record<string, unknown> {
    const { endpoint, region, expiration } = this;
    return { endpoint, region, accessKeyId: HIDDEN, secretAccessKey: HIDDEN, expiration };
  };
  const inspect = function (this: Partial<S3Config>): string {
    return `S3Config ${JSON.stringify(toJSON.call(this))}`;
  };
  return Object.freeze({
    ...config,
    toJSON,
    [Symbol.for("Deno.customInspect")]: inspect,
    [Symbol.for("nodejs.util.inspect.custom")]: inspect,
  });
}

/**
 * Checks what a program or a person wrote and hides its secrets.
 *
 * @param of the bucket, for messages
 * @param nameOf what a setting is called where it was written
 * @throws {RegistryError} `Invalid` naming what is missing or wrong; it never shows a value
 */
export function sealS3Config(
  config: unknown,
  of: string,
  nameOf: (setting: S3Setting) => string = (setting) => setting,
): S3Config {
  const invalid = (state: string, hint: string) =>
    fault({ code: "Invalid", action: "use the configuration of", subject: of, state, hint });
  const written = (typeof config === "object" ? config : null) as Record<string, unknown> | null;
  if (written === null) throw invalid("it is not an object", `It is { ${SETTINGS.join(", ")} }.`);
  const texts = new Map<S3Setting, string>();
  for (const setting of SETTINGS) {
    const [name, other] = namesOfKey(setting).filter((name) => (written[name] ?? "") !== "");
    if (name === undefined) continue;
    if (other !== undefined) {
      throw invalid(`${name} is given twice, also as ${other}`, "Both are one setting: keep one.");
    }
    const value = written[name];
    if (typeof value !== "string") {
      throw invalid(`${nameOf(setting)} is not a text`, "Each setting is a text.");
    }
    texts.set(setting, value);
  }
  const missing = REQUIRED.filter((setting) => !texts.has(setting)).map(nameOf);
  if (missing.length > 0) {
    throw invalid(
      `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not set`,
      `It needs ${
        REQUIRED.map(nameOf).join(" and ")
      }, all from one place: the parts of several are never mixed.`,
    );
  }
  const { expiration } = written;
  return hideSecrets({
    ...Object.fromEntries(texts) as Record<"accessKeyId" | "secretAccessKey", string>,
    ...(expiration instanceof Date ? { expiration } : {}),
  });
}
