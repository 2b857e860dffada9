// Server addresses of plugins: a URL or its parts.
import { type Setting, type SettingsOf, text } from "./settings.ts";

/** A number or, from the environment, a string. */
const port: Setting<number | string> = {
  problemOf: (value) => /^[0-9]{1,5}$/.test(String(value)) ? undefined : "it is not a port number",
};

const database: Setting<number | string> = {
  problemOf: (value) =>
    /^[^\s/?#]+$/.test(String(value)) ? undefined : "it is not a database number or name",
};

export const SERVER = { url: text, host: text, port, db: database, user: text, password: text };

export const REDIS_ENVIRONMENT: Readonly<Record<string, string>> = {
  host: "REDIS_HOST",
  port: "REDIS_PORT",
  db: "REDIS_DB",
  user: "REDIS_USERNAME",
  password: "REDIS_PASSWORD",
};

export const SERVER_SECRETS: readonly string[] = ["password", "url"];

/**
 * Returns the URL of a server with parameters, `?queue=mine`. A given URL takes precedence over
 * parts.
 */
export function serverUrl(
  kind: "redis" | "postgres",
  settings: Partial<SettingsOf<typeof SERVER>>,
  asked: Readonly<Record<string, string | undefined>>,
): string {
  const defaults = {
    redis: { port: 6379, db: 0, user: "" },
    postgres: { port: 5432, db: undefined, user: "postgres" },
  }[kind];
  const { host = "127.0.0.1", port = defaults.port, user = defaults.user, password } = settings;
  const { db = defaults.db ?? user } = settings;
  const secret = password === undefined ? "" : `:${encodeURIComponent(password)}`;
  const account = user === "" && secret === "" ? "" : `${encodeURIComponent(user)}${secret}@`;
  const place = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const url = settings.url ?? `${kind}://${account}${place}:${port}/${encodeURIComponent(db)}`;
  if (!URL.canParse(url)) return url; // reported when it is opened
  const named = new URL(url);
  const present = Object.entries(asked).filter(([, value]) => value !== undefined);
  for (const [name, value] of present) named.searchParams.set(name, value!);
  return present.length === 0 ? url : named.href;
}
