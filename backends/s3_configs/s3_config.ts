/**
 * How one bucket is reached, in an object that does not show its secrets.
 *
 * @module
 */
import { RegistryError } from "../../core/errors.ts";

/** How one bucket is reached. */
export interface S3Config {
  /** URL of the service. @default that of the provider for the region, where it has one */
  endpoint?: string;
  /** Where the bucket is, in the words of the provider. */
  region?: string;
  /** Who asks. */
  accessKey: string;
  /** Signs the requests. */
  secretKey: string;
  /** Comes with keys that work for some time only. */
  sessionToken?: string;
  /** When such keys end: a function that gave them is asked again a little before. */
  expiration?: Date;
}

/** A setting that is a text. */
export type S3Setting = Exclude<keyof S3Config, "expiration">;

/** The settings of a configuration, in the order that messages name them. */
export const SETTINGS: readonly S3Setting[] = ["endpoint", "accessKey", "secretKey", "region", "sessionToken"];

const REQUIRED: readonly S3Setting[] = ["accessKey", "secretKey"];

const HIDDEN = "[hidden]";

/** The keys are private, so neither printing, nor spreading, nor serialising this object shows them. */
class SealedS3Config implements S3Config {
  readonly #config: S3Config;

  constructor(config: S3Config) {
    this.#config = config;
  }
  get endpoint(): string | undefined {
    return this.#config.endpoint;
  }
  get region(): string | undefined {
    return this.#config.region;
  }
  get accessKey(): string {
    return this.#config.accessKey;
  }
  get secretKey(): string {
    return this.#config.secretKey;
  }
  get sessionToken(): string | undefined {
    return this.#config.sessionToken;
  }
  get expiration(): Date | undefined {
    return this.#config.expiration;
  }
  toJSON(): Record<string, unknown> {
    const { endpoint, region, expiration } = this.#config;
    return { endpoint, region, accessKey: HIDDEN, secretKey: HIDDEN, expiration };
  }
  [Symbol.for("Deno.customInspect")](): string {
    return `S3Config ${JSON.stringify(this)}`;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `S3Config ${JSON.stringify(this)}`;
  }
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
    new RegistryError({ code: "Invalid", message: `Cannot use the configuration of ${of}: ${state}`, hint });
  const written = (typeof config === "object" ? config : null) as Record<string, unknown> | null;
  if (written === null) throw invalid("it is not an object", `It is { ${SETTINGS.join(", ")} }.`);
  const texts = new Map<S3Setting, string>();
  for (const setting of SETTINGS) {
    const value = written[setting] ?? "";
    if (typeof value !== "string") throw invalid(`${nameOf(setting)} is not a text`, "Each setting is a text.");
    if (value !== "") texts.set(setting, value);
  }
  const missing = REQUIRED.filter((setting) => !texts.has(setting)).map(nameOf);
  if (missing.length > 0) {
    throw invalid(
      `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not set`,
      `It needs ${REQUIRED.map(nameOf).join(" and ")}, all from one place: the parts of several are never mixed.`,
    );
  }
  const { expiration } = written;
  return new SealedS3Config({
    ...Object.fromEntries(texts) as Record<"accessKey" | "secretKey", string>,
    ...(expiration instanceof Date ? { expiration } : {}),
  });
}
