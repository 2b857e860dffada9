// Answers tell a token nothing of what others saved, sent or named.
import { assertEquals, assertMatch } from "@std/assert";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { openService, type Service } from "../uploads/sending.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

/** Tokens are their scopes, behind a name: `one:write:*`. */
const find = (header: string | null) => {
  const [, id = "", scopes = ""] = /^(\w+):(.*)$/.exec(header ?? "") ?? [];
  return Promise.resolve(
    id === "" ? undefined : createAccess(id, scopes.split(",").map(parseScope)),
  );
};
const OWNER = "owner:read:*,write:*", WRITER = "writer:write:*", READER = "reader:read:*,write:*";
const materializer = { id: "file", formatVersion: 1 };
const secret = { path: "model.bin", data: btoa("the secret weights") };
const other = { path: "x", data: "" };

async function asked(
  service: Service,
  token: string,
  method: string,
  path: string,
  json?: unknown,
  {
    headers = {} as Record<string, string>,
  } = {},
) {
  const answer = await service.send(method, path, {
    headers: {
      authorization: token,
      ...json === undefined ? {} : { "content-type": "application/json" },
      ...headers,
    },
    body: json === undefined ? undefined : JSON.stringify(json),
  });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

Deno.test("a token that may only write learns nothing of what others saved", async () => {
  await using service = await openService({ tokens: { find } });
  const ask = (
    token: string,
    ...how: [string, string, unknown?, { headers?: Record<string, string> }?]
  ) => asked(service, token, ...how);
  const files = { files: [secret], materializer, idempotencyKey: "nightly-42" };
  const saved = JSON.parse((await ask(OWNER, "POST", "/artifacts/m/versions", files)).text);
  await ask(OWNER, "PUT", "/artifacts/m/aliases/live", { version: saved.version });
  const draft = "/artifacts/m/drafts/build-7";
  await ask(OWNER, "PUT", `${draft}/parts/p`, { files: [secret] });
  const ours = JSON.parse((await ask(OWNER, "POST", `${draft}/commit`, { materializer })).text);
  const again = { files: [other], materializer, idempotencyKey: "nightly-42" };
  const guess = { headers: { "if-match": '"guess"' } };
  const unwanted = { headers: { "if-none-match": "*" } };
  const questions: Parameters<typeof ask>[] = [
    [WRITER, "POST", "/artifacts/m/versions", again],
    [WRITER, "POST", "/artifacts/m/versions", {
      ...again,
      idempotencyKey: undefined,
      version: "1",
      onConflict: "skip",
    }],
    [WRITER, "POST", `${draft}/commit`, { materializer }],
    [WRITER, "PUT", `${draft}/parts/p`, { files: [other] }],
    [WRITER, "DELETE", "/artifacts/m/versions/1.0.0", undefined, guess],
    [WRITER, "DELETE", "/artifacts/m/versions/1.0.0", undefined, unwanted],
    [WRITER, "PUT", "/artifacts/m/aliases/live", { version: "2.0.0" }, guess],
    [WRITER, "PUT", "/artifacts/m/aliases/live", { version: "2.0.0", expected: "3.0.0" }],
    [WRITER, "DELETE", "/artifacts/m/aliases/live", undefined, guess],
    [WRITER, "DELETE", "/artifacts/m/aliases/live?expected=3.0.0"],
  ];
  const known = [saved.digest, saved.commit, ours.digest, ours.commit, `"${saved.version}"`];
  for (const question of questions) {
    const { text, status } = await ask(...question);
    const told = known.filter((each) =>
      text.includes(each) || text.includes(`to ${saved.version}`)
    );
    assertEquals(told, [], `${status} ${question.slice(1, 3)}: ${text}`);
    assertEquals(text.includes(`"size":${ours.size}`), false, text);
  }
  // Readers get all of it, and a token the result of its own commit after a lost answer.
  for (const token of [OWNER, READER]) {
    const { status, text } = await ask(token, "POST", `${draft}/commit`, { materializer });
    assertEquals([status, JSON.parse(text).digest], [200, ours.digest]);
  }
  assertMatch((await ask(READER, "PUT", `${draft}/parts/p`, { files: [other] })).text, /"size":18/);
  assertMatch(
    (await ask(READER, "DELETE", "/artifacts/m/versions/1.0.0", undefined, guess)).text,
    /ETag is/,
  );
  await ask(WRITER, "PUT", "/artifacts/m/drafts/own/parts/p", { files: [other] });
  const first = await ask(WRITER, "POST", "/artifacts/m/drafts/own/commit", { materializer });
  const repeat = await ask(WRITER, "POST", "/artifacts/m/drafts/own/commit", { materializer });
  assertEquals([first.status, repeat.status], [201, 200]);
  assertEquals(JSON.parse(repeat.text).digest, JSON.parse(first.text).digest);
});

Deno.test("an upload of another token is as unknown as one that never was", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({
    tokens: { find },
    gateways: [createJobsGateway(jobs)],
  });
  const missing = "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60";
  const begin = async (length: string) => {
    const headers = { authorization: OWNER, "upload-length": length };
    const begun = await service.tus("POST", "/uploads", headers);
    return begun.headers.get("location")!.split("/").at(-1)!;
  };
  const sent = await service.send("POST", "/contents", {
    headers: { authorization: OWNER },
    body: "abc",
  });
  const tus = { "tus-resumable": "1.0.0" };
  const bytes = { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream" };
  const questions = (id: string): [string, string, RequestInit?][] => {
    const json = (body: unknown) => ({
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const files = [{ path: "a", upload: id }];
    const joined = [{ path: "a", uploads: [id], size: 3, sha256: sha256("abc") }];
    return [
      ["GET", `/uploads/${id}`],
      ["HEAD", `/uploads/${id}`, { headers: tus }],
      ["PATCH", `/uploads/${id}`, { headers: bytes, body: "abc" }],
      ["PATCH", `/uploads/${id}`, { headers: { ...bytes, "upload-offset": "2" }, body: "abc" }],
      ["POST", `/uploads/${id}`, {
        headers: { ...bytes, "x-http-method-override": "PATCH" },
        body: "a",
      }],
      ["PUT", `/hf/uploads/${id}`, { body: "abc" }],
      ["POST", "/artifacts/a/versions", json({ materializer, files })],
      ["POST", "/artifacts/a/versions", json({ materializer, files: [{ ...files[0], size: 7 }] })],
      ["POST", "/artifacts/a/versions", json({ materializer, files, idempotencyKey: "k" })],
      ["PUT", "/artifacts/a/drafts/d/parts/p", json({ files })],
      ["PUT", "/artifacts/a/drafts/d/parts/p", json({ files: joined })],
      ["DELETE", `/uploads/${id}`, { headers: tus }],
    ];
  };
  const answersTo = async (id: string) =>
    await Promise.all(
      questions(id).map(async ([method, path, init = {}]) => {
        const headers = { authorization: WRITER, ...init.headers as Record<string, string> };
        const answer = await service.send(method, path, { ...init, headers });
        const shown = [...answer.headers].filter(([name]) => name !== "x-request-id");
        return JSON.stringify([method, answer.status, shown, await answer.text()]).replaceAll(
          id,
          "ID",
        );
      }),
    );
  const expected = await answersTo(missing);
  for (const id of [await begin("3"), await begin("0"), (await sent.json()).upload]) {
    const answers = await answersTo(id);
    for (const [i, answer] of answers.entries()) assertEquals(answer, expected[i]);
    const headers = { authorization: OWNER };
    assertEquals((await service.send("GET", `/uploads/${id}`, { headers })).status, 200);
  }
});

Deno.test("a request of another token does not end the one that sends an upload", async () => {
  await using service = await openService({ tokens: { find } });
  const as = (authorization: string) => ({ authorization, "upload-offset": "0" });
  const begun = await service.tus("POST", "/uploads", {
    authorization: OWNER,
    "upload-length": "6",
  });
  const path = `/${begun.headers.get("location")}`;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const sending = service.tus("PATCH", path, as(OWNER), readable);
  await writer.write(new TextEncoder().encode("abc"));
  assertEquals((await service.tus("PATCH", path, as(WRITER), "xyz")).status, 404);
  assertEquals((await service.tus("DELETE", path, as(WRITER))).status, 404);
  await writer.write(new TextEncoder().encode("def"));
  await writer.close();
  const { status, headers } = await sending;
  assertEquals([status, headers.get("upload-offset")], [204, "6"]);
});

Deno.test("a browser asks again for each file that needs a token", async () => {
  await using service = await openService({ tokens: { find } });
  await service.registry.save("m", new Uint8Array(3));
  const path = "/artifacts/m/versions/1.0.0/files/data.bin";
  const get = (token: string, headers = {}) =>
    asked(service, token, "GET", path, undefined, { headers });
  const { status, headers } = await get(OWNER);
  assertEquals([status, headers.get("cache-control")], [200, "private, no-cache"]);
  const known = { "if-none-match": headers.get("etag")! };
  const same = await get(OWNER, known);
  assertEquals([same.status, same.headers.get("cache-control")], [304, "private, no-cache"]);
  assertEquals((await get("other:read:x", known)).status, 403);
  assertEquals((await service.send("GET", path, { headers: known })).status, 401);
});
