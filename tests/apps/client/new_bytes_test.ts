import { assert, assertEquals } from "@std/assert";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { createHandler } from "../../../apps/server.ts";
import { openHttpRegistry, type SendRequest } from "../../../apps/client.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import { type Materializer, openRegistry } from "../../../mod.ts";
import { concatBytes, readAll } from "../../../core/bytes/bytes.ts";
import { keysOf } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { noise } from "../../conformance/registry/registry_case.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ADDRESS, type TestService, testService } from "./service.ts";

const BASE = noise(5_000_000);
const CHANGED = BASE.slice();
CHANGED.set(noise(2_000, 8), 1_000_000);
CHANGED.set(noise(3_000, 9), 4_000_000);
const INSERTED = new Uint8Array([
  ...CHANGED.subarray(0, 5_000),
  1,
  2,
  3,
  ...CHANGED.subarray(5_000),
]);
const REPLACED = noise(5_000_000, 5);
const LITTLE = 500_000;
const OTHER_ID = "01951e2f-6c00-7abc-8def-0123456789ab";

/** Counts the bytes of bodies in both directions. */
function counting({ handler }: TestService, change?: (request: Request) => Response | undefined) {
  const bytes = { sent: 0, received: 0 };
  const fetch: SendRequest = async (request) => {
    const changed = change?.(request);
    if (changed !== undefined) return changed;
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    bytes.sent += body?.byteLength ?? 0;
    const response = await handler(new Request(request, body && { body }));
    const answer = new Uint8Array(await response.arrayBuffer());
    bytes.received += answer.byteLength;
    return new Response(answer.byteLength === 0 ? null : answer, response);
  };
  return { bytes, fetch };
}

testService("a save sends only the bytes that the latest version lacks", async (service) => {
  const { bytes, fetch } = counting(service);
  await using registry = await service.open({ fetch });
  await registry.save("a", BASE);
  assert(bytes.sent >= BASE.byteLength);
  for (const value of [CHANGED, INSERTED]) {
    bytes.sent = 0;
    await registry.save("a", value);
    assert(bytes.sent < LITTLE, `${bytes.sent} bytes were sent`);
    assertEquals(await service.behind.load("a"), value);
  }
  bytes.sent = 0;
  await registry.save("a", INSERTED);
  assert(bytes.sent < 3_000, "nothing is new");
  assertEquals(await service.behind.load("a@4"), INSERTED);
  bytes.sent = 0;
  await registry.save("a", CHANGED, { share: "none" });
  assert(bytes.sent >= CHANGED.byteLength);
  assertEquals(await service.behind.load("a@5"), CHANGED);
});

testService("a save of other content sends all of it", async (service) => {
  const { bytes, fetch } = counting(service);
  await using registry = await service.open({ fetch });
  await registry.save("a", BASE);
  bytes.sent = 0;
  const value = noise(5_000_000, 4);
  await registry.save("a", value);
  assert(bytes.sent >= value.byteLength);
  assertEquals(await service.behind.load("a"), value);
});

testService("a version that is replaced meanwhile is not used", async (service) => {
  let replaced = false;
  const { fetch } = counting(service);
  await using registry = await service.open({
    async fetch(request) {
      if (
        request.method === "POST" && /versions$/.test(new URL(request.url).pathname) && !replaced
      ) {
        replaced = true;
        await service.behind.save("a", REPLACED, { onConflict: "overwrite" });
        await service.handler(new Request(`${ADDRESS}/artifacts/a/versions/latest`)); // reopened
      }
      return await fetch(request);
    },
  });
  await service.behind.save("a", BASE);
  await registry.save("a", CHANGED, { onConflict: "overwrite" });
  assertEquals([replaced, await service.behind.load("a")], [true, CHANGED]);
}, { mutable: true, versioned: false });

testService("a version that is damaged or gone does not stop the next save", async (service) => {
  let saves = 0;
  for (const [status, code] of [[404, "NotFound"], [409, "Conflict"], [500, "Corrupt"]] as const) {
    for (const refused of ["/latest", "/chunks/", "earlier"]) {
      const { fetch } = counting(service);
      await using registry = await service.open({
        async fetch(request) {
          const isSave = request.method === "POST" && /\/versions$/.test(request.url);
          const asked = `${request.url} ${isSave ? await request.clone().text() : ""}`;
          if (!asked.includes(refused)) return await fetch(request);
          const problem = { code, detail: "Cannot read a" };
          const headers = { "content-type": "application/problem+json" };
          return Response.json(problem, { status, headers });
        },
      });
      await registry.save("a", ++saves % 2 ? BASE : CHANGED);
      const value = await service.behind.load(`a@${saves}`);
      assertEquals(value, saves % 2 ? BASE : CHANGED, `${refused} ${code}`);
    }
  }
});

testService("a save that must read an iterator again fails", async (service) => {
  const materializer: Materializer<Iterator<FileToSave> & Iterable<FileToSave>> = {
    id: "test/rows",
    formatVersion: 1,
    save: (rows) => rows,
    load: () => [].values(),
  };
  const rows = (content: Uint8Array) => [{ path: "data.bin", content }].values();
  let refusals = 0;
  await using registry = await service.open({
    async fetch(request) {
      const isSave = request.method === "POST" && /\/versions$/.test(request.url);
      if (!isSave || !(await request.clone().text()).includes("earlier")) {
        return await service.handler(request);
      }
      refusals++;
      const detail = "Cannot read a@1: it was overwritten";
      const problem = { code: "Conflict", detail, hint: "Save again." };
      const headers = { "content-type": "application/problem+json" };
      return Response.json(problem, { status: 409, headers });
    },
  });
  await registry.save("a", rows(BASE), { as: materializer });
  await rejected("Conflict", registry.save("a", rows(CHANGED), { as: materializer }));
  assertEquals([refusals, await service.behind.has("a@2")], [1, false]);
});

testService("a wrong claim saves nothing", async ({ behind, handler }) => {
  const { commit, version } = await behind.save("a", BASE);
  const post = async (file: object) => {
    const files = [{ path: "data.bin", size: 10, sha256: sha256(BASE.slice(5, 15)), ...file }];
    const body = JSON.stringify({ materializer: { id: "bytes", formatVersion: 1 }, files });
    const headers = { "content-type": "application/json" };
    const url = `${ADDRESS}/artifacts/b/versions`;
    const response = await handler(new Request(url, { method: "POST", body, headers }));
    return [response.status, (await response.json()).detail ?? ""];
  };
  const earlier = { name: "a", version, commit, runs: [{ size: 10, at: 5 }] };
  const wrong = [
    { earlier: { ...earlier, runs: [{ size: 10, at: 6 }] } },
    { earlier: { ...earlier, runs: [{ size: 9, at: 5 }] } },
    { earlier: { ...earlier, runs: [{ size: 10, at: 4_999_995 }] } },
    { earlier: { ...earlier, runs: [{ size: 2 ** 53 - 1, at: 5 }] } },
    { earlier: { ...earlier, runs: [{ size: 10 }] } },
    { earlier: { ...earlier, runs: [] } },
    { earlier: { ...earlier, name: "c" } },
    { earlier: { ...earlier, commit: OTHER_ID } },
    { earlier, path: "other.bin" },
    { earlier, upload: OTHER_ID },
    { earlier, uploads: [OTHER_ID] },
    { earlier: { ...earlier, runs: [{ size: 10 }] }, uploads: [OTHER_ID] },
    { earlier: { ...earlier, runs: [{ size: 10 }] }, upload: OTHER_ID, uploads: [OTHER_ID] },
    { earlier, sha256: undefined },
    { earlier, data: "" },
  ];
  for (const file of wrong) {
    const [status, detail] = await post(file);
    assert([400, 404, 409, 413].includes(status), `${status} ${detail} ${JSON.stringify(file)}`);
    assertEquals(await behind.has("b"), false);
  }
  assertEquals((await post({ earlier }))[0], 201);
  assertEquals(await behind.load("b"), BASE.slice(5, 15));
});

testService("new bytes of a file may be in several uploads", async ({ behind, handler }) => {
  const { commit, version } = await behind.save("a", BASE);
  const post = async (path: string, body: BodyInit, type: string) => {
    const init = { method: "POST", body, headers: { "content-type": type } };
    const answer = await handler(new Request(`${ADDRESS}/${path}`, init));
    return await answer.json();
  };
  const send = async (text: string) =>
    (await post("contents", text, "application/octet-stream")).upload;
  const uploads = [await send("on"), await send("e and t"), await send("wo")];
  const content = concatBytes([
    new TextEncoder().encode("one"),
    BASE.subarray(7, 100_007),
    new TextEncoder().encode(" and two"),
  ]);
  const runs = [{ size: 3 }, { size: 100_000, at: 7 }, { size: 8 }];
  const about = { path: "data.bin", size: content.byteLength, sha256: sha256(content) };
  const files = [{ ...about, uploads, earlier: { name: "a", version, commit, runs } }];
  const materializer = { id: "bytes", formatVersion: 1 };
  const asked = JSON.stringify({ materializer, files });
  assertEquals((await post("artifacts/b/versions", asked, "application/json")).name, "b");
  assertEquals(await behind.load("b"), content);
});

testService("joined files of one request are bounded together", async (service) => {
  const { behind, backend } = service;
  const limits = { maxUploadBytes: CHANGED.byteLength };
  await using handler = createHandler(behind, { limits });
  const materializer: Materializer<Uint8Array[]> = {
    id: "folder",
    formatVersion: 1,
    save: (values) => values.map((content, i) => ({ path: `${i}`, content })),
    load: () => [],
  };
  const client = await service.open({ fetch: handler });
  await client.save("a", [BASE, BASE, BASE], { as: materializer });
  const { version, commit } = await behind.info("a");
  const stored = await keysOf(backend, "objects/");
  const files = [1, 2, 3].map((count, i) => ({
    path: `${i}`,
    size: BASE.byteLength,
    sha256: sha256(concatBytes([BASE.subarray(count), BASE.subarray(0, count)])),
    earlier: {
      name: "a",
      version,
      commit,
      runs: [{ at: count, size: BASE.byteLength - count }, { at: 0, size: count }],
    },
  }));
  const ask = async (method: string, path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const init = { method, headers, body: JSON.stringify(body) };
    const answer = await handler(new Request(`${ADDRESS}/artifacts/a${path}`, init));
    return [answer.status, (await answer.json()).code];
  };
  const kind = { id: "folder", formatVersion: 1 };
  assertEquals(await ask("POST", "/versions", { materializer: kind, files }), [413, "Conflict"]);
  assertEquals(await ask("PUT", "/drafts/d/parts/p", { files }), [413, "Conflict"]);
  assertEquals(await keysOf(backend, "objects/"), stored);
  const [file] = files;
  const [saved] = await ask("POST", "/versions", { materializer: kind, files: [file] });
  assertEquals(saved, 201);

  const changed = [CHANGED, CHANGED, CHANGED];
  await client.save("a", changed, { as: materializer, base: `a@${version}` });
  assertEquals(await readAll((await behind.open("a")).file("2").stream()), CHANGED);
});

Deno.test("an earlier version is used with the right to read it, only", async () => {
  const behind = await openRegistry("memory:");
  const { commit, version } = await behind.save("secret", BASE);
  await behind.save("mine", BASE);
  const find = (header: string | null) =>
    Promise.resolve(
      createAccess("me", (header ?? "").replace("Bearer ", "").split(",").map(parseScope)),
    );
  const handler = createHandler(behind, { tokens: { find } });
  const files = [{
    path: "data.bin",
    size: 10,
    sha256: sha256(BASE.slice(0, 10)),
    earlier: { name: "secret", version, commit, runs: [{ size: 10, at: 0 }] },
  }];
  const headers = {
    authorization: "Bearer write:mine,read:other",
    "content-type": "application/json",
  };
  const asked = { materializer: { id: "bytes", formatVersion: 1 }, files };
  const at = (path: string) => `${ADDRESS}/artifacts/${path}`;
  const post = { method: "POST", body: JSON.stringify(asked), headers };
  assertEquals((await handler(new Request(at("mine/versions"), post))).status, 403);
  const list = new Request(at("secret/versions/latest/chunks/data.bin"), { headers });
  assertEquals((await handler(list)).status, 403);
  const registry = await openHttpRegistry(ADDRESS, {
    fetch: handler,
    token: "write:mine,read:other",
  });
  await registry.save("mine", CHANGED); // without the right to read, all of it is sent
  assertEquals(await behind.load("mine"), CHANGED);
  await handler.close();
});

testService("a download over an older version fetches only what differs", async (service) => {
  const root = await tempRoot();
  try {
    const to = root.join("a.bin");
    await service.behind.save("a", BASE);
    await service.behind.save("a", INSERTED);
    for (const damaged of [false, true]) {
      const { bytes, fetch } = counting(service);
      const broken: SendRequest = async (request) => {
        const response = await fetch(request);
        if (!damaged || response.status !== 206) return response;
        return new Response(new Uint8Array(await response.arrayBuffer()).fill(1), response);
      };
      await using registry = await service.open({ fetch: broken });
      await Deno.writeFile(to, BASE);
      bytes.received = 0;
      await registry.download("a", { to, overwrite: true });
      assertEquals(await Deno.readFile(to), INSERTED);
      assertEquals(bytes.received < LITTLE, !damaged);
    }
  } finally {
    await root.remove();
  }
});
