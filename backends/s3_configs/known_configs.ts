// The configurations that a program registered, and those in variables.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { nearest } from "../../core/text/nearest.ts";
import type { System } from "../../core/system.ts";
import { S3_PROVIDERS } from "../s3_providers.ts";
import { bucketUrl } from "./bucket_url.ts";
import {
  type S3Config,
  type S3ConfigInput,
  type S3Setting,
  sealS3Config,
  SETTINGS,
} from "./s3_config.ts";
import {
  parseStem,
  readVariables,
  readVariableSources,
  variableName,
  variableStem,
} from "./variables.ts";

/** A configuration, or what gives it whenever it is needed. */
export type S3ConfigSource = S3ConfigInput | (() => S3ConfigInput | Promise<S3ConfigInput>);

/** A configuration that is known of, without what it says. */
export interface S3ConfigEntry {
  /** Who runs the store: `s3`, `minio`, `tos` … */
  provider: string;
  /** The bucket. Where only variables name it, its dots are shown as dashes. */
  bucket: string;
  source: "registered" | "environment" | "file";
}

/** The configurations of a program's buckets. */
export class KnownConfigs {
  readonly #envFile: string;
  readonly #system: System;
  readonly #registered = new Map<
    string,
    { provider: string; bucket: string; source: S3ConfigSource }
  >();
  /** Those that were found in variables, by their stem. */
  readonly #asked = new Map<string, { provider: string; bucket: string }>();

  constructor(envFile: string, system: System) {
    this.#envFile = envFile;
    this.#system = system;
  }

  add<T extends S3ConfigSource>(provider: string, bucket: string, source: T): T {
    const url = bucketUrl(provider, bucket);
    if (this.#registered.has(url)) {
      throw fault({
        code: "AlreadyExists",
        action: "register a configuration of",
        subject: url,
        state: "it has one",
        hint:
          "A function that is registered may give another configuration each time it is called.",
      });
    }
    this.#registered.set(url, { provider, bucket, source });
    return source;
  }

  async find(provider: string, bucket: string): Promise<S3Config | undefined> {
    const url = bucketUrl(provider, bucket);
    const own = this.#registered.get(url);
    if (own !== undefined) return sealS3Config(await evaluate(own.source, url), url);
    const stem = variableStem(provider, bucket);
    for (const place of await readVariableSources(this.#envFile, this.#system)) {
      const found = readVariables(stem, place);
      if (found === undefined) continue;
      const other = this.#urls(stem).find((other) => other !== url);
      if (other !== undefined) throw ambiguous(url, other, stem);
      this.#asked.set(stem, { provider, bucket });
      const nameOf = (setting: S3Setting) => variableName(stem, setting);
      return sealS3Config(found, `${url} in ${place.said}`, nameOf);
    }
  }

  /** The buckets that variables with this stem may mean, as far as they are known. */
  #urls(stem: string): string[] {
    return [...this.#registered.values(), ...this.#asked.values()]
      .filter(({ provider, bucket }) => variableStem(provider, bucket) === stem)
      .map(({ provider, bucket }) => bucketUrl(provider, bucket));
  }

  async get(provider: string, bucket: string): Promise<S3Config> {
    const config = await this.find(provider, bucket);
    if (config !== undefined) return config;
    const providers = this.#providers();
    if (!providers.includes(provider)) {
      throw unknownProvider(bucketUrl(provider, bucket), provider, providers);
    }
    const stem = variableStem(provider, bucket);
    const names = SETTINGS.slice(0, 4).map((setting) => variableName(stem, setting)).join(", ");
    const sources = await readVariableSources(this.#envFile, this.#system);
    throw fault({
      code: "NotFound",
      action: "find a configuration of",
      subject: bucketUrl(provider, bucket),
      state: `looked for ${names} in ${sources.map(({ said }) => said).join(" and in ")}`,
      hint:
        "Set these variables, or write them into that file, or register a configuration in the program. " +
        "Deno reads what --allow-env and --allow-read name.",
    });
  }

  async names(): Promise<S3ConfigEntry[]> {
    const entries: S3ConfigEntry[] = [...this.#registered.values()].map((
      { provider, bucket },
    ) => ({ provider, bucket, source: "registered" }));
    const seen = new Set(entries.map(({ provider, bucket }) => variableStem(provider, bucket)));
    const providers = this.#providers();
    for (const place of await readVariableSources(this.#envFile, this.#system)) {
      for (const stem of [...this.#asked.keys(), ...place.stems()]) {
        const bucket = this.#asked.get(stem) ?? parseStem(stem, providers);
        if (bucket === undefined || seen.has(stem) || readVariables(stem, place) === undefined) {
          continue;
        }
        seen.add(stem);
        entries.push({ ...bucket, source: place.source });
      }
    }
    return entries;
  }

  #providers(): string[] {
    const registered = [...this.#registered.values()].map(({ provider }) => provider);
    return [...new Set([...S3_PROVIDERS.keys(), ...registered])];
  }
}

async function evaluate(source: S3ConfigSource, url: string): Promise<unknown> {
  if (typeof source !== "function") return source;
  try {
    return await source();
  } catch (cause) {
    if (isRegistryError(cause)) throw cause;
    throw fault({
      code: "TaskFailed",
      action: "configure",
      subject: url,
      state: "the function that was registered for it failed",
      hint: "Its own error is the cause of this one.",
      cause,
    });
  }
}

function unknownProvider(
  url: string,
  provider: string,
  providers: readonly string[],
): RegistryError {
  const meant = nearest(provider, providers);
  return fault({
    code: "Invalid",
    action: "find a configuration of",
    subject: url,
    state: `there is no provider ${JSON.stringify(provider)}`,
    hint: `${meant === undefined ? "" : `Did you mean ${meant}? `}Use one of ${
      providers.join(", ")
    }.`,
  });
}

function ambiguous(url: string, other: string, stem: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "configure",
    subject: `${url} from variables`,
    state: `${stem}_… could as well be meant for ${other}`,
    hint: `Register configurations of both: the names of variables do not tell them apart.`,
  });
}
