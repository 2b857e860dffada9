// The settings of the runners: what each understands, and what it leaves aside because it is
// another's, so that a runner is exchanged by its name alone.
import { described } from "../../core/materializer.ts";
import type { StandardSchema } from "../../core/standard_schema.ts";
import { count, defineSettings, type Setting, text } from "../sets/settings.ts";
import type { Background } from "./background.ts";

/** The settings of `memory`. */
export interface MemoryRunnerSettings {
  /** So many jobs run at once. @default 16 */
  concurrency?: number;
  /** The URL of what keeps what becomes of the jobs: see `openJobStorage`. @default nothing does */
  storage?: string;
}

/** The settings of `background`. */
export interface BackgroundRunnerSettings {
  /** What begins them: see `createBackground`. @default the next turn of the event loop */
  background?: Background;
  /** The URL of what keeps what becomes of the jobs: see `openJobStorage`. @default nothing does */
  storage?: string;
}

/** The settings of `redis` and `postgres`: a URL, or the parts of one. */
export interface ServerRunnerSettings {
  /** Where the server is: `redis://…`, `postgres://…`. It may say the queue, `?queue=…`. */
  url?: string;
  /** Its host. @default "127.0.0.1" */
  host?: string;
  /** Its port. @default 6379, or 5432 */
  port?: number | string;
  /** The number of the database of Redis, or the name of that of PostgreSQL. @default 0, or that of the user */
  db?: number | string;
  /** Who connects. @default nobody, or `postgres` */
  user?: string;
  /** The password. @default none */
  password?: string;
  /** The name of the queue. @default "holdfast" */
  queue?: string;
}

const ALL = [
  "background",
  "concurrency",
  "storage",
  "url",
  "host",
  "port",
  "db",
  "user",
  "password",
  "queue",
];

const background: Setting = {
  problemOf: (value) =>
    typeof (value as Partial<Background>)?.add === "function"
      ? undefined
      : `it is ${described(value)}, and no background`,
};

/** The number of a port. The environment says numbers as text. */
export const port: Setting = {
  problemOf: (value) =>
    /^[0-9]{1,5}$/.test(String(value)) ? undefined : "it is no number of a port",
};

export const database: Setting = {
  problemOf: (value) =>
    /^[^\s/?#]+$/.test(String(value)) ? undefined : "it is no number and no name of a database",
};

const queue: Setting = {
  problemOf: (value) =>
    /^[A-Za-z0-9_.-]{1,100}$/.test(String(value))
      ? undefined
      : "it is no name of a queue: 1 to 100 of A-Z a-z 0-9 _ . -",
};

/** What `memory` is made with. */
export const memoryRunnerSettings: StandardSchema<MemoryRunnerSettings> = defineSettings(
  { concurrency: count({ least: 1 }), storage: text },
  { others: ALL },
);

/** What `background` is made with. */
export const backgroundRunnerSettings: StandardSchema<BackgroundRunnerSettings> = defineSettings(
  { background, storage: text },
  { others: ALL },
);

/** What `redis` and `postgres` are made with. */
export const serverRunnerSettings: StandardSchema<ServerRunnerSettings> = defineSettings(
  { url: text, host: text, port, db: database, user: text, password: text, queue },
  { others: ALL },
);

export const REDIS_ENVIRONMENT: Readonly<Record<string, string>> = {
  host: "REDIS_HOST",
  port: "REDIS_PORT",
  db: "REDIS_DB",
  user: "REDIS_USERNAME",
  password: "REDIS_PASSWORD",
};

/** What of the settings of a server is secret. */
export const SERVER_SECRETS: readonly string[] = ["password", "url"];

export function queueUrl(kind: "redis" | "postgres", settings: ServerRunnerSettings): string {
  return serverUrl(kind, settings, { queue: settings.queue });
}

/** The URL of a server, with what is asked for there, `?queue=mine`. What is given as a URL counts before its parts. */
export function serverUrl(
  kind: "redis" | "postgres",
  settings: Omit<ServerRunnerSettings, "queue">,
  asked: Readonly<Record<string, string | undefined>>,
): string {
  const { host = "127.0.0.1", port, db, user, password } = settings;
  const known = {
    redis: { port: 6379, db: 0, user: "" },
    postgres: { port: 5432, db: undefined, user: "postgres" },
  }[kind];
  const name = user ?? known.user;
  const account = password === undefined
    ? name === "" ? "" : `${encodeURIComponent(name)}@`
    : `${encodeURIComponent(name)}:${encodeURIComponent(password)}@`;
  const place = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const path = db ?? known.db ?? name;
  const url = settings.url ??
    `${kind}://${account}${place}:${port ?? known.port}/${encodeURIComponent(path)}`;
  const said = Object.entries(asked).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  if (said.length === 0 || !URL.canParse(url)) return url; // whoever opens it says that it is none
  const named = new URL(url);
  for (const [name, value] of said) named.searchParams.set(name, value);
  return named.href;
}
