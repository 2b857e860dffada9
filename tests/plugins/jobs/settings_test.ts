import { assertEquals } from "@std/assert";
import { serverUrl } from "../../../plugins/sets/server.ts";

const queueUrl = (
  kind: "redis" | "postgres",
  settings: { queue?: string; [name: string]: unknown },
) => serverUrl(kind, settings, { queue: settings.queue });

Deno.test("the parts of a place become its URL", () => {
  assertEquals(queueUrl("redis", {}), "redis://127.0.0.1:6379/0");
  assertEquals(
    queueUrl("redis", { host: "r", port: "7", db: 2, queue: "mine" }),
    "redis://r:7/2?queue=mine",
  );
  assertEquals(queueUrl("redis", { password: "a/b@c" }), "redis://:a%2Fb%40c@127.0.0.1:6379/0");
  assertEquals(queueUrl("redis", { host: "::1" }), "redis://[::1]:6379/0");
  assertEquals(queueUrl("postgres", {}), "postgres://postgres@127.0.0.1:5432/postgres");
  assertEquals(
    queueUrl("postgres", { host: "db", user: "ada", password: "x", db: "jobs" }),
    "postgres://ada:x@db:5432/jobs",
  );
});

Deno.test("a URL counts before its parts, and may have a queue of its own", () => {
  const url = "rediss://user:word@far:1/3?queue=theirs";
  assertEquals(queueUrl("redis", { url, host: "near", port: 2 }), url);
  assertEquals(queueUrl("redis", { url, queue: "mine" }), "rediss://user:word@far:1/3?queue=mine");
});
