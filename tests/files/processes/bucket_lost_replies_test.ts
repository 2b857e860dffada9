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

type Work = (files: FileStore) => Promise<unknown>;
type ScriptedBackend = ReturnType<typeof createScriptedBackend>;

async function failureOf(
  work: Work,
  fail: (backend: ScriptedBackend) => void,
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

const lost = (backend: ScriptedBackend) => backend.answerAll({ verb: "delete" }, lostReply);
const busyHead = (backend: ScriptedBackend) => backend.answerAll({ verb: "head" }, busy);
/** Fails after the copy of a move was made. */
const busyAfterPut = (backend: ScriptedBackend) =>
  backend.answerAll({ verb: "put" }, followedBy(() => busyHead(backend), pass));

Deno.test("an interrupted change of a bucket reports whether it may have happened", async () => {
  const remove = (files: FileStore) => files.remove("a");
  const move = (files: FileStore) => files.move("a", "b");
  const cases: [Work, (backend: ScriptedBackend) => void, left: string[], maybe?: true][] = [
    [remove, lost, [], true],
    [remove, busyHead, ["a"]],
    [move, lost, ["b"], true],
    [move, busyHead, ["a"]],
    [move, busyAfterPut, ["a", "b"], true],
  ];
  for (const [work, fail, left, maybe] of cases) {
    const { error, paths } = await failureOf(work, fail);
    assertEquals([paths, error.maybeWritten], [left, maybe]);
  }
});
