// Pages of listings: each key once, whatever the size of a page, and each page at its own cost.
import { assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { everything } from "../../../../apps/server/access/access.ts";
import type { S3Context } from "../../../../extensions/gateways/s3/context.ts";
import {
  listVersions,
  type VersionPage,
} from "../../../../extensions/gateways/s3/routes/versions.ts";
import { onePage } from "../../../../core/artifact.ts";
import { notFound } from "../../../../core/errors.ts";
import { createMemoryBackend } from "../../../../mod.ts";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { withCounts } from "../../../bench/counted_backend.ts";
import { createGenerated, nameAt } from "../../../bench/costs/large.ts";
import { noise } from "../../../registry/registries.ts";
import { listedIn, openS3, saveFiles, signer, tokens } from "./open_s3.ts";

type S3 = Awaited<ReturnType<typeof openS3>>;

/** Returns the keys of all pages, by continuation tokens or, in version 1, by markers. */
async function walk(
  { handler }: Pick<S3, "handler">,
  { prefix = "", size, second = true, token = "read:*" }: {
    prefix?: string;
    size: number;
    second?: boolean;
    token?: string;
  },
): Promise<string[]> {
  const all: string[] = [];
  const asked = { delimiter: "/", prefix, "max-keys": `${size}` };
  for (let from: Record<string, string> | undefined = {}; from !== undefined;) {
    assertLessOrEqual(all.length, 200, "the listing does not end");
    const query: URLSearchParams = new URLSearchParams({
      ...asked,
      ...from,
      ...second && { "list-type": "2" },
    });
    const answer = await handler(
      await signer({ token }).sign(`http://localhost/holdfast?${query}`),
    );
    const text: string = await answer.text();
    assertEquals(answer.status, 200, text);
    const { keys, next } = listedIn(text);
    assertLessOrEqual(keys.length, size);
    all.push(...keys);
    const isMore = text.includes("<IsTruncated>true<");
    from = !isMore
      ? undefined
      : second
      ? { "continuation-token": next! }
      : { marker: keys.at(-1)! };
  }
  return all;
}

Deno.test("pages of names have each prefix once", async () => {
  const part = fc.string({ unit: fc.constantFrom(..."ab-_:1é"), minLength: 1, maxLength: 3 });
  const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"))
    .filter((each) => !each.startsWith("-"));
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (names, size, second) => {
        await using s3 = await openS3({ tokens });
        for (const each of names) await s3.registry.save(each, 1);
        const prefixes = new Set(["", ...names.map((each) => `${each.split("/")[0]}/`)]);
        for (const prefix of prefixes) {
          const below = names.filter((each) => each.startsWith(prefix));
          const groups = below.map((each) =>
            `${prefix}${each.slice(prefix.length).split("/")[0]}/`
          );
          const refs = names.includes(prefix.slice(0, -1)) ? ["@latest/", "@1.0.0/"] : [];
          const expected = [...refs.map((ref) => prefix + ref), ...new Set(groups)];
          assertEquals((await walk(s3, { prefix, size, second })).sort(), expected.sort(), prefix);
        }
      },
    ),
    { numRuns: 15, seed: 1 },
  );
});

Deno.test("pages of names have those that a token may read", async () => {
  await using s3 = await openS3({ tokens });
  for (const name of ["team", "team-x", "team/a", "team/b", "team1", "other/a", "zoo"]) {
    await s3.registry.save(name, 1);
  }
  for (const size of [1, 2, 9]) {
    const by = async (token: string) => (await walk(s3, { size, token })).sort();
    assertEquals(await by("read:team/*"), ["team/"]);
    assertEquals(await by("read:team*"), ["team-x/", "team/", "team1/"]);
    assertEquals(await by("read:team/b,read:zoo,read:team-x"), ["team-x/", "team/", "zoo/"]);
  }
});

Deno.test("pages of refs have each alias and version once", async () => {
  await using s3 = await openS3({ tokens });
  for (let i = 0; i < 12; i++) await s3.registry.save("n", i, { alias: `alias-${i % 5}` });
  const refs = ["latest", ...Array.from({ length: 5 }, (_, i) => `alias-${i}`)];
  const versions = Array.from({ length: 12 }, (_, i) => `${12 - i}.0.0`);
  const keys = [...refs, ...versions].map((ref) => `n/@${ref}/`);
  for (const size of [1, 2, 5, 6, 7, 100]) {
    for (const second of [true, false]) {
      assertEquals(await walk(s3, { prefix: "n/", size, second }), keys);
      assertEquals(await walk(s3, { prefix: "n/@", size, second }), keys);
      const some = keys.filter((key) => key.startsWith("n/@1"));
      assertEquals(await walk(s3, { prefix: "n/@1", size, second }), some);
    }
  }
});

Deno.test("a page of 100,000 names costs what it shows, wherever it begins", async () => {
  const { backend: generated } = await createGenerated({ names: 100_000, versions: 1 });
  const { backend, calls } = withCounts(generated);
  await using s3 = await openS3({ backend });
  for (const from of ["", nameAt(1), nameAt(50_000), nameAt(98_000)]) {
    calls.take();
    const { keys } = await s3.list(`delimiter=/&max-keys=1000&start-after=${from}`);
    assertEquals(keys.length, 1000);
    assertLessOrEqual(calls.counts.list, 3);
    assertEquals(calls.counts.get, undefined);
  }
});

Deno.test("names below one prefix are skipped, not read", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  await using s3 = await openS3({ backend });
  for (let i = 0; i < 500; i++) await s3.registry.save(`a/${i}`, 1);
  await s3.registry.save("b", 1);
  calls.take();
  assertEquals((await s3.list("delimiter=/")).keys, ["a/", "b/"]);
  const lists = calls.counts.list!;
  assertEquals((await s3.list("delimiter=/&start-after=a/")).keys, ["b/"]);
  assertLessOrEqual(lists, 10);
});

Deno.test("a file at an alias has versions: the current one, then all, newest first", async () => {
  await using s3 = await openS3();
  const commits = [];
  for (let i = 1; i <= 5; i++) {
    const files = { a: `${i}`, ...i > 1 && { b: `${i}` } };
    commits.push((await saveFiles(s3.registry, "n", files)).commit);
  }
  await s3.registry.setAlias("n", "live", "2.0.0");
  const [one, two, three, four, five] = commits;
  const versions = async (key: string, size: number) => {
    const found: [string | undefined, string][] = [];
    for (let from = "", pages = 0; pages < 12; pages++) {
      const [, text] = await s3.read(`/holdfast?versions&prefix=${key}&max-keys=${size}${from}`);
      const part = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(text)?.[1];
      for (const [, version] of text.matchAll(/<Version>(.*?)<\/Version>/g)) {
        const [, id] = /<VersionId>([^<]+)</.exec(version!)!;
        found.push([id, /<IsLatest>(\w+)</.exec(version!)![1]!]);
      }
      if (part("IsTruncated") !== "true") return found;
      from = `&key-marker=${part("NextKeyMarker")}`;
      const marker = part("NextVersionIdMarker");
      if (marker !== undefined) from += `&version-id-marker=${marker}`;
    }
    throw new Error("The listing does not end");
  };
  for (const size of [1, 2, 3, 100]) {
    const older = (...ids: (string | undefined)[]) => ids.map((id) => [id, "false"]);
    assertEquals(await versions("n/@live/a", size), [
      [two, "true"],
      ...older(five, four, three, one),
    ]);
    assertEquals(await versions("n/@latest/b", size), [
      [five, "true"],
      ...older(four, three, two),
    ]);
    assertEquals(await versions("n/@2.0.0/a", size), [[two, "true"]]);
    assertEquals(await versions("n/@live/", size), [[two, "true"], [two, "true"]]);
  }
  for (const [index, commit] of commits.entries()) {
    const read = await s3.read(`/holdfast/n/@live/a?versionId=${commit}`);
    assertEquals(read, [200, `${index + 1}`]);
  }
});

Deno.test("a page of versions ends after many without the file", async () => {
  await using s3 = await openS3();
  await saveFiles(s3.registry, "n", ["a"]);
  const { info } = await s3.registry.open("n");
  const count = 1500;
  const registry = {
    ...s3.registry,
    async *versions(_: string, { after = `${count + 1}` }: { after?: string } = {}) {
      for (let i = parseInt(after) - 1; i > 0; i--) {
        yield { version: `${i}.0.0`, info: { ...info, version: `${i}.0.0`, commit: `${i}` } };
      }
    },
  } as unknown as S3["registry"];
  const opened = onePage(await s3.registry.open("n"));
  const withFile = new Set(["latest", "1400.0.0", "1.0.0"]);
  const openPages: S3Context["openPages"] = ({ version }) =>
    Promise.resolve(
      withFile.has(version)
        ? opened
        : { ...opened, file: () => Promise.reject(notFound("open file", "a", "no such file")) },
    );
  const context = { registry, openPages, exact: new Map() } as unknown as S3Context;
  const asked = { prefix: "n/@latest/a", delimiter: "", after: "", limit: 1000 };
  const pages = [];
  for (let next: VersionPage["next"] = { key: "" }; next !== undefined;) {
    const from: { after: string; afterVersion?: string } = {
      after: next.key,
      afterVersion: next.version,
    };
    const page: VersionPage = await listVersions(context, { ...asked, ...from }, everything);
    assertEquals(page.items.filter((item) => Object.hasOwn(item.info!, "files")).length, 0);
    pages.push(page.items.map(({ info }) => info!.commit));
    next = page.next;
  }
  assertEquals(pages, [[info.commit, "1400"], ["1"]]);
});

Deno.test("a crawler that lists everything does not stop others", async () => {
  const { backend: generated } = await createGenerated({ names: 20_000, versions: 1 });
  await using s3 = await openS3({ backend: generated });
  await s3.registry.save("small", noise(100));
  const order: string[] = [];
  const crawl = async () => {
    for (let from = "", isMore = true; isMore;) {
      const { keys, next } = await s3.list(`delimiter=/${from}`);
      order.push(`page of ${keys.length}`);
      isMore = next !== undefined;
      from = `&continuation-token=${next}`;
      await nextTurn(); // as between requests over a socket
    }
  };
  const others = async () => {
    for (let i = 0; i < 5; i++) {
      const [status] = await s3.read("/holdfast/small/@1.0.0/data.bin");
      order.push(`read ${status}`);
    }
  };
  await Promise.all([crawl(), crawl(), others()]);
  const lastRead = order.lastIndexOf("read 200");
  assertEquals(order.filter((each) => each === "read 200").length, 5);
  assertLessOrEqual(lastRead, order.length / 2, "they wait for pages, not for the walk");
});
