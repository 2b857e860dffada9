// Configurations in variables `{PROVIDER}_{BUCKET}_{SETTING}`, such as `TOS_MY_BUCKET_SECRET_KEY`
// for `my-bucket` and for `my.bucket`: upper case, with `_` for dashes and dots.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse } from "@std/dotenv";
import { fileError } from "../../disk/file_errors.ts";
import { mayRead } from "../../core/may_read.ts";
import type { System } from "../../core/system.ts";
import { type S3Config, type S3Setting, SETTINGS } from "./s3_config.ts";

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
export function variableStem(provider: string, bucket: string): string {
  return `${provider}_${bucket}`.replace(/[-.]/g, "_").toUpperCase();
}

export function variableName(stem: string, setting: S3Setting): string {
  return `${stem}_${SUFFIXES[setting]}`;
}

/** Returns the bucket of a stem, with dashes for dots. */
export function parseStem(
  stem: string,
  providers: readonly string[],
): { provider: string; bucket: string } | undefined {
  const provider = providers.find((name) => stem.startsWith(variableStem(name, "")));
  if (provider === undefined || stem.length === provider.length + 1) return undefined;
  return { provider, bucket: stem.slice(provider.length + 1).toLowerCase().replaceAll("_", "-") };
}

export interface VariableSource {
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
export async function readVariableSources(
  envFile: string,
  system: System,
): Promise<VariableSource[]> {
  const file = await readEnvFile(envFile);
  return [
    {
      source: "environment",
      label: "the environment",
      valueOf: (name) => system.env(name),
      stems: () => stemsOf(system.envNames?.() ?? []),
    },
    {
      source: "file",
      label: file.label,
      valueOf: (name) => Object.hasOwn(file.values, name) ? file.values[name] : undefined,
      stems: () => stemsOf(Object.keys(file.values)),
    },
  ];
}

/** Returns the settings of a bucket in a source, if there are any. Ignores empty variables. */
export function readVariables(
  stem: string,
  { valueOf }: VariableSource,
): Partial<S3Config> | undefined {
  const found = SETTINGS.map((setting) => [setting, valueOf(variableName(stem, setting))] as const)
    .filter(([, value]) => value !== undefined && value !== "");
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function stemsOf(names: string[]): string[] {
  const suffix = `_${SUFFIXES.secretAccessKey}`;
  return names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
}

async function readEnvFile(
  envFile: string,
): Promise<{ values: Record<string, string>; label: string }> {
  const path = resolve(envFile);
  if (!mayRead(path)) return { values: {}, label: `${path} (no permission to read it)` };
  try {
    return { values: parse(await readFile(path, "utf8")), label: path };
  } catch (error) {
    if (!/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? "")) {
      throw fileError("read", path, error);
    }
    return { values: {}, label: `${path} (no such file)` };
  }
}
