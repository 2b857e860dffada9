import { assertEquals } from "@std/assert";
import { problemOf } from "../../../apps/server/problem.ts";
import { problemOf as readProblem } from "../../../apps/http_client/problem.ts";
import { RegistryError } from "../../../core/errors.ts";

Deno.test("what an error says crosses: its code, hint, advice, commit and key; its cause and stack do not", async () => {
  const error = new RegistryError({
    code: "Unknown",
    message: 'Cannot save "a@1.0.0": no reply',
    hint: "Repeat it with its key.",
    retry: "later",
    commit: "01a2cee6-7b7c-7dd6-b5ab-e8e9eacfcc74",
    key: "names/a/versions/final/p8p9p9/9007199254740990.rec",
    maybeWritten: true,
    cause: new Error("secret"),
  });
  const answer = problemOf(error);
  assertEquals((await answer.clone().text()).includes("secret"), false);
  const { code, message, hint, retry, commit, key, maybeWritten } = await readProblem(answer, {
    action: "save",
    location: "http://localhost",
    writes: true,
  });
  const { name: _name, backend: _backend, ...said } = { ...error, message: error.message };
  assertEquals({ code, message, hint, retry, commit, key, maybeWritten } as unknown, said);
});
