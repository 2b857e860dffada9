// Keys and what they mean.
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseKey } from "../../../../extensions/gateways/s3/address.ts";
import { createHandler } from "../../../../apps/server.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { createS3Gateway } from "../../../../extensions/gateways/s3/s3_gateway.ts";
import { nameProblem } from "../../../../core/naming/names.ts";

const text = (chars: string) => fc.string({ unit: fc.constantFrom(...chars), maxLength: 8 });
/** Any key, mostly of what has a meaning in one. */
const anyKey = fc.oneof(text("a:/@@.%2e \0é\u{10000}"), fc.string({ unit: "grapheme" }));
const name = fc.oneof(text("ab:/.% é"), fc.string({ unit: "grapheme", maxLength: 9 }))
  .filter((each) => nameProblem(each) === undefined);
const ref = fc.constantFrom("1.0.0", "latest", "live", "^1.2", "1.0.0+build", "a:b", "é", "*");
const path = text("ab/@.%:é").filter((each) => each !== "");

const keyOf = ({ name, ref, path }: { name: string; ref: string; path: string }) =>
  `${name}/@${ref}/${path}`;

Deno.test("a key means the file that it was written for", () => {
  fc.assert(fc.property(name, ref, path, (name, ref, path) => {
    const { kind, root, ...found } = parseKey(keyOf({ name, ref, path })) as
      & ReturnType<typeof parseKey>
      & { root: string };
    assertEquals([kind, found], ["files", { name, ref, path }]);
    assertEquals(root + path, keyOf({ name, ref, path }));
    if (name.endsWith("/")) return;
    const short = parseKey(`${name}@${ref}/${path}`);
    assertEquals(short, { kind: "files", root: `${name}@${ref}/`, name, ref, path });
  }));
});

Deno.test("each key means one thing: it is its parts, with or without a slash before the @", () => {
  fc.assert(fc.property(anyKey, (key) => {
    const parts = parseKey(key);
    if (parts.kind === "names") return assertEquals(parts.prefix, key);
    assertEquals(parts.name.includes("@"), false);
    const rest = parts.kind === "refs" ? parts.prefix : `${parts.ref}/${parts.path}`;
    const forms = [`${parts.name}/@${rest}`, `${parts.name}@${rest}`];
    assertEquals(forms.includes(key), true, `${key} is none of ${forms}`);
  }));
});

Deno.test("keys of two names are never the same", () => {
  fc.assert(fc.property(name, name, ref, path, (a, b, ref, path) => {
    if (a !== b) assertNotEquals(keyOf({ name: a, ref, path }), keyOf({ name: b, ref, path }));
  }));
});

Deno.test("a gateway refuses names and hosts that no request can have", () => {
  for (const bucket of ["", "ab", "A-bucket", "a.bucket", "a/bucket", "bucket-"]) {
    assertThrows(() => createS3Gateway({ bucket }), Error, "Cannot use the bucket name");
  }
  for (const domain of ["", "(", "[::1]", "https://s3.example.com", "s3.example.com:8600", "*.a"]) {
    assertThrows(() => createS3Gateway({ domain }), Error, "Cannot use the S3 domain");
  }
});

Deno.test("the bucket takes no path of the service, nor of a gateway beside it", async () => {
  await using registry = await openRegistry("memory:");
  for (const bucket of ["names", "artifacts", "uploads", "api", "datasets"]) {
    const gateways = [createS3Gateway({ bucket }), hub];
    const create = () => createHandler(registry, { gateways });
    const taken = ["api", "datasets"].includes(bucket)
      ? "hub has the same"
      : "the service has routes there";
    assertThrows(create, RegistryError, `Cannot serve s3 at /${bucket}: ${taken}`);
  }
  await using _api = createHandler(registry, { gateways: [createS3Gateway({ bucket: "api" })] });
});
