// Files of requests that name uploads, which the store may have to read before they are saved.
import { assertEquals, assertRejects } from "@std/assert";
import { everything } from "../../../../apps/server/access/access.ts";
import { openSentFiles } from "../../../../apps/server/saving/sent_files.ts";
import { RegistryError } from "../../../../mod.ts";

/** A service with uploads of five bytes, which counts how often each is opened. */
function createUploads() {
  const opened: string[] = [];
  const stream = () => new Blob(["12345"]).stream();
  const uploads = {
    state: (id: string) => Promise.resolve({ id, size: 5, offset: 5 }),
    source(id: string) {
      opened.push(id);
      return Promise.resolve({ size: 5, stream });
    },
    remove: () => Promise.resolve(),
  };
  const context = { uploads: () => Promise.resolve(uploads), options: {} };
  // deno-lint-ignore no-explicit-any
  return { opened, context: context as any };
}

const SUM = "0".repeat(64);

Deno.test("an upload is opened once in a request", async () => {
  const { opened, context } = createUploads();
  const sent = ["a", "b", "c"].map((path) => ({ path, upload: "one" }));
  const { files } = await openSentFiles(context, sent, { access: everything });
  assertEquals(files.map(({ path }) => path), ["a", "b", "c"]);
  assertEquals(opened, ["one"]);
});

Deno.test("uploads beyond the size of their file are not opened", async () => {
  const { opened, context } = createUploads();
  const sent = [{ path: "a", size: 7, sha256: SUM, uploads: ["one", "two", "three"] }];
  const { files } = await openSentFiles(context, sent, { access: everything });
  const { stream } = files[0]!.content as { stream(): ReadableStream<Uint8Array> };
  const error = await assertRejects(() => Array.fromAsync(stream()), RegistryError);
  assertEquals(/its uploads have 15 bytes, not 7/.test(error.message), true, error.message);
  assertEquals(opened, ["one"]);
});

Deno.test("an upload of another size is not opened", async () => {
  const { opened, context } = createUploads();
  const sent = [{ path: "a", size: 7, sha256: SUM, upload: "one" }];
  const opening = () => openSentFiles(context, sent, { access: everything });
  assertEquals((await assertRejects(opening, RegistryError)).code, "Invalid");
  assertEquals(opened, []);
});
