// The client of today, and what services of earlier commits answered and kept.
import { assertEquals, assertObjectMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { createHandler, openTokenFile } from "../../../apps/server.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { openRegistry } from "../../../mod.ts";
import { testOnServed } from "./on_all.ts";
import { ADDRESS, type Answers, callAll, clientAt, type Exchange, UNKNOWN } from "./served.ts";
import { TOMORROW } from "../tomorrow/with_members.ts";
import { REPOSITORY } from "../../support/run_deno.ts";

async function answersIn(folder: string): Promise<Answers> {
  return JSON.parse(await readFile(`${folder}/answers.json`, "utf8"));
}

/** Returns how many parameters of a recorded request another one has; undefined unless it has all. */
function fit({ method, path }: Exchange, asked: Request): number | undefined {
  const [was, is] = [new URL(path, ADDRESS), new URL(asked.url)];
  if (method !== asked.method || was.pathname !== is.pathname) return undefined;
  const query = [...was.searchParams];
  return query.every(([name, value]) => is.searchParams.get(name) === value)
    ? query.length
    : undefined;
}

/** Answers as that service did: it ignores other parameters, and lacks all other routes. */
function replay({ exchanges }: Answers, change: (each: Exchange) => string | undefined) {
  const unused = new Set(exchanges);
  const find = (among: Iterable<Exchange>, asked: Request) => {
    const fits = [...among].map((each) => ({ each, count: fit(each, asked) ?? -1 }));
    const most = Math.max(...fits.map(({ count }) => count));
    return most < 0 ? undefined : fits.find(({ count }) => count === most)?.each;
  };
  const unknown = exchanges.find(({ path }) => path === UNKNOWN)!;
  return (asked: Request): Promise<Response> => {
    const found = find(unused, asked) ?? find([...exchanges].reverse(), asked) ?? unknown;
    unused.delete(found);
    const body = change(found) ?? Buffer.from(found.base64 ?? "", "base64");
    const { status, headers } = found;
    const sent = headers.filter(([name]) => name !== "content-length");
    return Promise.resolve(
      new Response(status === 204 ? null : body, { status, headers: sent }),
    );
  };
}

testOnServed("a client reads all that a service answered", async ({ folder }) => {
  const answers = await answersIn(folder);
  const client = await clientAt(pathToFileURL(REPOSITORY).href);
  assertObjectMatch(await callAll(client, replay(answers, ({ text }) => text)), answers.results);
});

/** Objects whose members have the names that a user gave. */
const OF_USERS = ["labels", "members", "metadata", "params", "tags"];

function withMembers(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => withMembers(each));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([key, each]) => [key, withMembers(each, key)]);
  return { ...Object.fromEntries(members), ...(OF_USERS.includes(name) ? {} : TOMORROW) };
}

/** Adds members to all objects of an answer that is not the content of a file. */
function ofTomorrow({ path, headers, text }: Exchange): string | undefined {
  const isJson = new Headers(headers).get("content-type")?.includes("json");
  if (text === undefined || !isJson || path.includes("/files/")) return text;
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.stringify(withMembers(JSON.parse(line)))).join("\n");
}

testOnServed("a client ignores members of tomorrow", async ({ folder }) => {
  const answers = await answersIn(folder);
  const client = await clientAt(pathToFileURL(REPOSITORY).href);
  assertObjectMatch(await callAll(client, replay(answers, ofTomorrow)), answers.results);
});

testOnServed("a token keeps its rights", async ({ folder }) => {
  const token = await readFile(`${folder}/token`, "utf8");
  const registry = await openRegistry("memory:");
  await registry.save("other", 1);
  const tokens = await openTokenFile(`${folder}/tokens.json`);
  const handler = createHandler(registry, { tokens });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const statusOf = async (method: string, path: string) => {
    const body = method === "POST" ? "{}" : undefined;
    return (await handler(new Request(ADDRESS + path, { method, headers, body }))).status;
  };
  assertEquals(await statusOf("GET", "/artifacts/other/versions/1"), 200);
  assertEquals(await statusOf("POST", "/artifacts/other/versions"), 403);
  assertEquals(await statusOf("POST", "/artifacts/team@@a/versions"), 400); // it lacks the files
  assertEquals(await statusOf("DELETE", "/artifacts/other/versions/1"), 403);
  await handler.close();
  await registry[Symbol.asyncDispose]();
});
