// Versions as objects of a bucket: keys, listings, objects.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { createS3Gateway } from "../../../../extensions/gateways/s3/s3_gateway.ts";
import { openS3, saveFiles, signer, tokens } from "./open_s3.ts";

Deno.test("each level of keys is one listing", async () => {
  await using s3 = await openS3();
  const { registry, list } = s3;
  await saveFiles(registry, "digits", ["a.txt", "in/b.txt", "in/c/d.txt"], { alias: "live" });
  await saveFiles(registry, "digits", ["e.txt"]);
  await saveFiles(registry, "team/bert", ["f"]);
  await saveFiles(registry, "team", ["g"]);
  await saveFiles(registry, "models:raw", ["h"]);
  const level = async (prefix: string) =>
    (await list(`delimiter=/&prefix=${encodeURIComponent(prefix)}`)).keys;
  assertEquals(await level(""), ["digits/", "models:raw/", "team/"]);
  assertEquals(await level("di"), ["digits/"]);
  assertEquals(
    await level("digits/"),
    ["latest", "live", "2.0.0", "1.0.0"].map((ref) => `digits/@${ref}/`),
  );
  assertEquals(await level("digits/@l"), ["digits/@latest/", "digits/@live/"]);
  assertEquals(await level("digits@1"), ["digits@1.0.0/"]);
  assertEquals(await level("team/"), ["team/@latest/", "team/@1.0.0/", "team/bert/"]);
  assertEquals(
    await level("digits/@live/"),
    ["a.txt", "in/"].map((path) => `digits/@live/${path}`),
  );
  assertEquals(await level("digits@live/in/"), [
    "digits@live/in/b.txt",
    "digits@live/in/c/",
  ]);
  assertEquals((await list("prefix=digits/@1.0.0/")).keys, [
    "digits/@1.0.0/a.txt",
    "digits/@1.0.0/in/b.txt",
    "digits/@1.0.0/in/c/d.txt",
  ]);
  for (const nothing of ["none/", "none/@1.0.0/", "digits/@9/", "digits/@1.0.0/none", "x y/@ /"]) {
    assertEquals(await level(nothing), [], nothing);
  }
  for (const flat of ["", "digits", "digits/", "digits/@1"]) {
    const [status, text] = await s3.read(`/holdfast?prefix=${flat}`);
    assertEquals(status, 400);
    assertStringIncludes(text, "List with the delimiter /, or below a version");
  }
});

Deno.test("files are read by the keys of their listing", async () => {
  await using s3 = await openS3();
  const odd = [
    "a b",
    "100%",
    "%2e%2e",
    "a#b?c",
    "文件",
    "it's <b>&amp;",
    "a+b;c=d",
    "@at/@1",
    "x@@y",
  ];
  const names = ["data:raw", "team/bert", "a b", "100%", "été", "A/b:c"];
  for (const name of names) {
    await saveFiles(s3.registry, name, odd);
    const { keys } = await s3.list(`prefix=${encodeURIComponent(`${name}/@1.0.0/`)}`);
    assertEquals(keys, odd.map((path) => `${name}/@1.0.0/${path}`).sort());
    for (const key of [...keys, ...odd.map((path) => `${name}@latest/${path}`)]) {
      const path = key.slice(key.indexOf("/", key.indexOf("@")) + 1);
      for (
        const sent of [encodeURIComponent(key), encodeURIComponent(key).replaceAll("%2F", "/")]
      ) {
        assertEquals(await s3.read(`/holdfast/${sent}`), [200, `in ${path}`], sent);
      }
    }
  }
});

Deno.test("pages follow each other, with a delimiter or without, and after a restart", async () => {
  await using s3 = await openS3();
  const paths = ["a", "b/1", "b/2", "b0", "c/x/1", "c/x/2", "c/y", "d/z", "\u{10000}", "\uffee"];
  await saveFiles(s3.registry, "n", paths);
  const pages = async (query: string) => {
    const all: string[] = [];
    let next: string | undefined, after = "";
    do {
      const page = await s3.list(`${query}${after}`);
      all.push(...page.keys);
      next = page.next;
      after = `&continuation-token=${next}`;
      await s3.registry.save("other", all.length); // changes nothing
    } while (next !== undefined);
    return all;
  };
  const keys = ["a", "b/1", "b/2", "b0", "c/x/1", "c/x/2", "c/y", "d/z", "\uffee", "\u{10000}"]
    .map((path) => `n/@latest/${path}`);
  const level = ["a", "b/", "b0", "c/", "d/", "\uffee", "\u{10000}"].map((path) =>
    `n/@latest/${path}`
  );
  for (const size of [1, 2, 3, 100]) {
    assertEquals(await pages(`prefix=n/@latest/&max-keys=${size}`), keys);
    assertEquals(await pages(`prefix=n/@latest/&delimiter=/&max-keys=${size}`), level);
    assertEquals(await pages(`delimiter=/&max-keys=${size}`), ["n/", "other/"]);
  }
  const first = await s3.list("prefix=n/@latest/&max-keys=1");
  await saveFiles(s3.registry, "n", ["z"]);
  const second = await s3.list(`prefix=n/@latest/&continuation-token=${first.next}`);
  assertEquals(second.keys, keys.slice(1), "all pages are of the version of the first");
  assertEquals((await s3.list("prefix=n/@1.0.0/&start-after=n/@1.0.0/c/x/1")).keys.length, 5);
  assertEquals(await s3.fails("/holdfast?list-type=2&continuation-token=no"), [
    400,
    "InvalidArgument",
  ]);
});

Deno.test("each way to write a version is that of its files, too, and others have no keys", async () => {
  await using s3 = await openS3();
  await saveFiles(s3.registry, "n", ["a"], { alias: "live" });
  for (const ref of ["1.0.0", "1", "1.0", "1.0.0+build", "^1", "1.x", "*", "live", "latest"]) {
    const at = encodeURIComponent(`n/@${ref}/`);
    assertEquals((await s3.list(`prefix=${at}`)).keys, [`n/@${ref}/a`]);
    assertEquals(await s3.read(`/holdfast/${at}a`), [200, "in a"], ref);
  }
  for (
    const key of ["n/@v1.0.0/", "n/@@1/", "n/@^^/", "@1/", "n@@m/@1/", `${"n".repeat(300)}/@1/`]
  ) {
    assertEquals((await s3.list(`delimiter=/&prefix=${key}`)).keys, []);
    assertEquals(await s3.fails(`/holdfast/${key}a`), [404, "NoSuchKey"], key);
    assertEquals(await s3.fails(`/holdfast/${key}a`, { method: "HEAD" }), [404, "NoSuchKey"]);
  }
  assertEquals((await s3.list("prefix=n/@1.0.0/&continuation-token=")).keys, ["n/@1.0.0/a"]);
});

Deno.test("a listing whose version was deleted fails, and does not end as a whole one", async () => {
  await using s3 = await openS3();
  await saveFiles(s3.registry, "n", ["a", "b"]);
  const { next } = await s3.list("prefix=n/@latest/&max-keys=1");
  await s3.registry.delete("n@1.0.0");
  await using restarted = createHandler(s3.registry, { gateways: [createS3Gateway()] });
  const url = `http://localhost/holdfast?list-type=2&prefix=n/@latest/&continuation-token=${next}`;
  const answer = await restarted(new Request(url));
  assertEquals([answer.status, /<Code>(\w+)/.exec(await answer.text())?.[1]], [404, "NoSuchKey"]);
});

Deno.test("a token as session token gives its rights, and a wrong secret gives none", async () => {
  await using s3 = await openS3({ tokens });
  await saveFiles(s3.registry, "open", ["a"]);
  await saveFiles(s3.registry, "secret", ["a"]);
  const url = (key: string) => `http://localhost/holdfast${key}`;
  const as = async (token: string, key: string) =>
    await s3.fails(await signer({ token }).sign(url(key)));
  assertEquals(await as("read:open", "/open/@1.0.0/a"), [200, null]);
  assertEquals(await as("read:open", "/secret/@1.0.0/a"), [403, "AccessDenied"]);
  assertEquals(await as("read:open", "/none/@1.0.0/a"), [403, "AccessDenied"]);
  assertEquals(await as("nonsense", "/open/@1.0.0/a"), [403, "InvalidAccessKeyId"]);
  assertEquals(await s3.fails("/holdfast/open/@1.0.0/a"), [403, "AccessDenied"]);
  for (
    const request of [url("/open/@1.0.0/a"), await signer({ token: "nonsense" }).sign(url(""))]
  ) {
    const text = await (await s3.handler(new Request(request))).text();
    assertStringIncludes(
      text,
      ". Pass a token of this service as secret key and as session token.<",
    );
  }
  const wrong = signer({ token: "read:*", secretAccessKey: "read:open" });
  assertEquals(await s3.fails(await wrong.sign(url("/open/@1.0.0/a"))), [
    403,
    "SignatureDoesNotMatch",
  ]);
  const listing = await signer({ token: "read:open" }).sign(url("?list-type=2&delimiter=/"));
  const text = await (await s3.handler(listing)).text();
  assertEquals([...text.matchAll(/<Prefix>([^<]+)/g)].map(([, prefix]) => prefix), ["open/"]);
});
