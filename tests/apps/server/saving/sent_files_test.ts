// Files of requests that name uploads, which the store may have to read before they are saved.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Access, everything } from "../../../../apps/server/access/access.ts";
import { openSentFiles } from "../../../../apps/server/saving/sent_files.ts";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { tempRoot } from "../../../support/temp_root.ts";

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

Deno.test("a file of this machine is read for admin tokens alone, if the service allows it", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("a.txt"), "hello");
  const sent = [{ path: "b", mode: "executable" as const, local: root.join("a.txt") }];
  const { context } = createUploads();
  const opening = (access: Access, localFiles: boolean) =>
    openSentFiles({ ...context, options: { localFiles } }, sent, { access });
  const { files: [file] } = await opening(everything, true);
  assertEquals([file!.path, file!.mode], ["b", "executable"]);
  const content = file!.content as { stream(): ReadableStream<Uint8Array> };
  assertEquals(await new Response(content.stream()).text(), "hello");
  const other = { ...everything, admin: false } as Access;
  for (const refused of [() => opening(everything, false), () => opening(other, true)]) {
    assertEquals((await assertRejects(refused, RegistryError)).code, "Denied");
  }
});

Deno.test("a service without tokens takes no paths", async () => {
  await using registry = await openRegistry("memory:");
  const error = assertThrows(() => createHandler(registry, { localFiles: true }), RegistryError);
  assertEquals(error.code, "Invalid");
});
