// Configurations in variables called `{PROVIDER}_{BUCKET}_{SETTING}`, as in
// `TOS_MY_BUCKET_SECRET_KEY` for `my-bucket` and for `my.bucket`: upper case, dashes and dots as
// `_`.
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

/** What the variables of a bucket begin with, without the last `_`. Several buckets may have the same. */
export function variableStem(provider: string, bucket: string): string {
  return `${provider}_${bucket}`.replace(/[-.]/g, "_").toUpperCase();
}

export function variableName(stem: string, setting: S3Setting): string {
  return `${stem}_${SUFFIXES[setting]}`;
}

/** The bucket that a stem of one of these providers means, its dots as dashes. */
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
  said: string;
  valueOf(name: string): string | undefined;
  /** The stems that have a secret key there, as far as its variables may be listed. */
  stems(): string[];
}

/** The places in the order in which they are asked. Reads the file anew: it may have changed. */
export async function readVariableSources(
  envFile: string,
  system: System,
): Promise<VariableSource[]> {
  const file = await readEnvFile(envFile);
  return [
    {
      source: "environment",
      said: "the environment",
      valueOf: (name) => system.env(name),
      stems: () => stemsOf(system.envNames?.() ?? []),
    },
    {
      source: "file",
      said: file.said,
      valueOf: (name) => Object.hasOwn(file.values, name) ? file.values[name] : undefined,
      stems: () => stemsOf(Object.keys(file.values)),
    },
  ];
}

/** What a place says of a bucket, or undefined where it says nothing. Empty variables do not count. */
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
): Promise<{ values: Record<string, string>; said: string }> {
  const path = resolve(envFile);
  if (!mayRead(path)) return { values: {}, said: `${path} (not allowed to read it)` };
  try {
    return { values: parse(await readFile(path, "utf8")), said: path };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      return { values: {}, said: `${path} (no such file)` };
    }
    throw fileError("read", path, error);
  }
}
