// The configuration of one bucket, in an object that hides its secrets.
import { fault } from "../../core/errors.ts";
import { readConfigWords } from "../bucket/read_words.ts";
import type { S3Credentials } from "../s3/credentials.ts";

/** The configuration of one bucket. */
export interface S3Config extends S3Credentials {
  /**
   * The base URL, or a host: `localhost:9000`.
   *
   * @default that of the provider for the region, if it has one
   */
  endpoint?: string;
  region?: string;
}

/**
 * An {@linkcode S3Config} in which keys may also be called `accessKey` or `access_key`, and so on.
 */
export type S3ConfigInput =
  & Omit<S3Config, "accessKeyId" | "secretAccessKey">
  & {
    /** Use https for an endpoint without a scheme. @default true, except on this machine */
    secure?: boolean;
  }
  & ({ accessKeyId: string } | { accessKey: string } | { access_key: string })
  & ({ secretAccessKey: string } | { secretKey: string } | { secret_key: string });

export type S3Setting = Exclude<keyof S3Config, "expiration">;

/** The settings of a configuration, in the order of messages. */
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
 * Returns a configuration whose printed and serialized form hides its keys, also of a spread copy.
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
 * Checks a configuration and hides its secrets.
 *
 * @param options `of` is the bucket in messages; `nameOf` returns a setting's name in its source
 * @throws {RegistryError} `Invalid` with the missing or wrong settings, never with a value
 */
export function sealS3Config(
  config: unknown,
  { bucket, of, nameOf = (setting) => setting }: {
    bucket: string;
    of: string;
    nameOf?: (setting: S3Setting) => string;
  },
): S3Config {
  const invalid = (state: string, hint: string) =>
    fault({ code: "Invalid", action: "use configuration of", subject: of, state, hint });
  const written = (typeof config === "object" ? config : null) as Record<string, unknown> | null;
  if (written === null) throw invalid("it is not an object", `Pass { ${SETTINGS.join(", ")} }.`);
  const read = readConfigWords(written, { bucket, action: "use configuration of", subject: of });
  const given = SETTINGS.filter((setting) => read[setting] !== undefined);
  const wrong = given.find((setting) => typeof read[setting] !== "string");
  if (wrong !== undefined) throw invalid(`${nameOf(wrong)} is not a string`, "Pass a string.");
  const missing = REQUIRED.filter((setting) => !given.includes(setting)).map(nameOf);
  if (missing.length > 0) {
    throw invalid(
      `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not set`,
      `Set ${REQUIRED.map(nameOf).join(" and ")} in one source; sources are never mixed.`,
    );
  }
  const texts = given.map((setting) => [setting, String(read[setting])]);
  return hideSecrets({
    ...Object.fromEntries(texts) as Record<"accessKeyId" | "secretAccessKey", string>,
    ...(written.expiration instanceof Date ? { expiration: written.expiration } : {}),
  });
}
