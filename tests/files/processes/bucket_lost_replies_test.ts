import { assertEquals, assertInstanceOf } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { RegistryError } from "../../../core/errors.ts";
import { createBucketFiles } from "../../../files/bucket.ts";
import type { FileStore } from "../../../core/file_store.ts";
import { busy, createScriptedBackend, followedBy, pass } from "../../registry/scripted_backend.ts";
import type { Answer } from "../../registry/scripted_backend.ts";

const lostReply: Answer = async (act, call) => {
  await act();
  return busy(act, call);
};

async function failureOf(
  work: (files: FileStore) => Promise<unknown>,
  fail: (backend: ReturnType<typeof createScriptedBackend>) => void,
): Promise<{ error: RegistryError; paths: string[] }> {
  const backend = createScriptedBackend(createMemoryBackend());
  const files = createBucketFiles({ backend });
  await files.write("a", Uint8Array.of(1));
  fail(backend);
  const error = await work(files).then(() => undefined, (error) => error);
  assertInstanceOf(error, RegistryError);
  assertEquals(error.code, "Unavailable");
  backend.heal();
  const paths = (await Array.fromAsync(files.list(""))).map(({ path }) => path);
  return { error, paths };
}

const WORKS: [string, (files: FileStore) => Promise<unknown>, string[]][] = [
  ["removal", (files) => files.remove("a"), []],
  ["move", (files) => files.move("a", "b"), ["b"]],
];
for (const [name, work, left] of WORKS) {
  Deno.test(`a ${name} in a bucket whose last reply is lost says that it may have happened`, async () => {
    const { error, paths } = await failureOf(
      work,
      (backend) => backend.answerAll({ verb: "delete" }, lostReply),
    );
    assertEquals([paths, error.maybeWritten], [left, true]);
  });

  Deno.test(`a ${name} in a bucket that fails before it changed anything does not say so`, async () => {
    const { error, paths } = await failureOf(
      work,
      (backend) => backend.answerAll({ verb: "head" }, busy),
    );
    assertEquals([paths, error.maybeWritten], [["a"], undefined]);
  });
}

Deno.test("a move in a bucket that fails after its copy was made says that it may have happened", async () => {
  const { error, paths } = await failureOf((files) => files.move("a", "b"), (backend) => {
    const fail = () => backend.answerAll({ verb: "head" }, busy);
    backend.answerAll({ verb: "put" }, followedBy(fail, pass));
  });
  assertEquals([paths, error.maybeWritten], [["a", "b"], true]);
});
