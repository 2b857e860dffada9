// Registered configurations, and those in variables.
import {
  alreadyExists,
  invalid,
  isRegistryError,
  notFound,
  taskFailed,
} from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { nearest } from "../../core/text/nearest.ts";
import type { System } from "../../core/system.ts";
import { S3_PROVIDERS } from "../s3_providers.ts";
import { bucketUrl } from "./bucket_url.ts";
import { sealS3Config, SETTINGS } from "./s3_config.ts";
import type { S3Config, S3ConfigInput, S3Setting } from "./s3_config.ts";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileError } from "../../disk/file_errors.ts";
import { mayRead } from "../../core/may_read.ts";
import { parseVariables, type VariablesFile } from "../../core/text/variables_file.ts";
import { decodeWritten } from "../../core/text/written_text.ts";

/** A configuration, or a function that returns it. */
export type S3ConfigSource = S3ConfigInput | (() => S3ConfigInput | Promise<S3ConfigInput>);

/** A known configuration, without its content. */
export interface KnownBucket {
  /** `s3`, `minio`, `tos` … */
  provider: string;
  /** The name; if only variables contain it, with dashes for dots. */
  bucket: string;
  source: "registered" | "environment" | "file";
}

interface Bucket {
  provider: string;
  bucket: string;
}

export class KnownConfigs {
  readonly #envFile: string;
  readonly #system: System;
  readonly #registered = new Map<string, Bucket & { source: S3ConfigSource }>();
  /** Buckets found in variables, by their stem. */
  readonly #ofVariables = new Map<string, Bucket>();

  constructor(envFile: string, system: System) {
    this.#envFile = envFile;
    this.#system = system;
  }

  add<T extends S3ConfigSource>(provider: string, bucket: string, source: T): T {
    const url = bucketUrl(provider, bucket);
    if (this.#registered.has(url)) {
      throw alreadyExists("register configuration of", url, "it is already registered", {
        hint: "To change the configuration later, register a function that returns it.",
      });
    }
    this.#registered.set(url, { provider, bucket, source });
    return source;
  }

  async find(provider: string, bucket: string): Promise<S3Config | undefined> {
    const url = bucketUrl(provider, bucket);
    const own = this.#registered.get(url);
    if (own !== undefined) {
      return sealS3Config(await evaluate(own.source, url), { bucket, of: url });
    }
    const stem = variableStem(provider, bucket);
    for (const place of await readVariableSources(this.#envFile, this.#system)) {
      const variables = readVariables(stem, place);
      if (variables === undefined) continue;
      const other = this.#urls(stem).find((other) => other !== url);
      if (other !== undefined) throw ambiguous(url, other, stem);
      this.#ofVariables.set(stem, { provider, bucket });
      const nameOf = (setting: S3Setting) => variableName(stem, setting);
      return sealS3Config(variables, { bucket, of: `${url} in ${place.label}`, nameOf });
    }
  }

  /** Returns the known buckets whose variables have this stem. */
  #urls(stem: string): string[] {
    return [...this.#registered.values(), ...this.#ofVariables.values()]
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
    const state = `no ${names} in ${sources.map(({ label }) => label).join(" or in ")}`;
    throw notFound("find the configuration of", bucketUrl(provider, bucket), state, {
      hint: "Set these variables, write them into that file, or register a configuration. Deno " +
        "needs --allow-env and --allow-read for them.",
      reason: { kind: "s3_configuration_missing" },
    });
  }

  async names(): Promise<KnownBucket[]> {
    const entries: KnownBucket[] = [...this.#registered.values()]
      .map(({ provider, bucket }) => ({ provider, bucket, source: "registered" }));
    const stems = new Set(entries.map(({ provider, bucket }) => variableStem(provider, bucket)));
    const providers = this.#providers();
    for (const place of await readVariableSources(this.#envFile, this.#system)) {
      for (const stem of [...this.#ofVariables.keys(), ...place.stems()]) {
        const bucket = this.#ofVariables.get(stem) ?? parseStem(stem, providers);
        if (bucket === undefined || stems.has(stem) || readVariables(stem, place) === undefined) {
          continue;
        }
        stems.add(stem);
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
    throw taskFailed("configure", url, "the registered function failed", {
      hint: "Fix the function: its error is in `cause`.",
      cause,
    });
  }
}

function unknownProvider(url: string, provider: string, providers: string[]): RegistryError {
  const suggestion = nearest(provider, providers);
  const question = suggestion === undefined ? "" : `Did you mean ${suggestion}? `;
  return invalid("find the configuration of", url, `unknown provider ${JSON.stringify(provider)}`, {
    hint: `${question}Use one of ${providers.join(", ")}.`,
  });
}

function ambiguous(url: string, other: string, stem: string): RegistryError {
  return invalid("configure", `${url} from variables`, `${stem}_… may also belong to ${other}`, {
    hint: "Register configurations of both buckets: their variables have the same names.",
  });
}

// Configurations in variables `{PROVIDER}_{BUCKET}_{SETTING}`, such as `TOS_MY_BUCKET_SECRET_KEY`
// for `my-bucket` and for `my.bucket`: upper case, with `_` for dashes and dots.

const SUFFIXES: Record<S3Setting, string> = {
  endpoint: "ENDPOINT",
  accessKeyId: "ACCESS_KEY",
  secretAccessKey: "SECRET_KEY",
  region: "REGION",
  sessionToken: "SESSION_TOKEN",
};

/**
 * Returns the common prefix of a bucket's variables, without the last `_`. Buckets may share it.
 */
function variableStem(provider: string, bucket: string): string {
  return `${provider}_${bucket}`.replace(/[-.]/g, "_").toUpperCase();
}

function variableName(stem: string, setting: S3Setting): string {
  return `${stem}_${SUFFIXES[setting]}`;
}

/** Returns the bucket of a stem, with dashes for dots. */
function parseStem(
  stem: string,
  providers: readonly string[],
): { provider: string; bucket: string } | undefined {
  const provider = providers.find((name) => stem.startsWith(variableStem(name, "")));
  if (provider === undefined || stem.length === provider.length + 1) return undefined;
  return { provider, bucket: stem.slice(provider.length + 1).toLowerCase().replaceAll("_", "-") };
}

interface VariableSource {
  source: "environment" | "file";
  /** The name in messages. */
  label: string;
  valueOf(name: string): string | undefined;
  /** Returns the stems with a secret key, if the variables can be listed. */
  stems(): string[];
}

/**
 * Returns the sources in the order of their precedence. Reads the file again: it may have changed.
 */
async function readVariableSources(envFile: string, system: System): Promise<VariableSource[]> {
  const file = await readEnvFile(envFile);
  return [
    {
      source: "environment",
      label: "the environment",
      valueOf: (name) => system.env(name),
      stems: () => stemsOf(system.envNames?.() ?? []),
    },
    { source: "file", label: file.label, valueOf: file.valueOf, stems: () => stemsOf(file.names) },
  ];
}

/** Returns the settings of a bucket in a source, if there are any. Ignores empty variables. */
function readVariables(stem: string, { valueOf }: VariableSource): Partial<S3Config> | undefined {
  const settings = SETTINGS.map((setting) =>
    [setting, valueOf(variableName(stem, setting))] as const
  )
    .filter(([, value]) => value !== undefined && value !== "");
  return settings.length === 0 ? undefined : Object.fromEntries(settings);
}

function stemsOf(names: readonly string[]): string[] {
  const suffix = `_${SUFFIXES.secretAccessKey}`;
  return names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
}

async function readEnvFile(envFile: string): Promise<VariablesFile & { label: string }> {
  const path = resolve(envFile);
  const none = (why: string) => ({ ...parseVariables("", path), label: `${path} (${why})` });
  if (!mayRead(path)) return none("no permission to read it");
  try {
    const text = decodeWritten(await readFile(path));
    return { ...parseVariables(text, path), label: path };
  } catch (error) {
    if (!/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? "")) {
      throw fileError("read", path, error);
    }
    return none("no such file");
  }
}
