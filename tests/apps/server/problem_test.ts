import { assertEquals } from "@std/assert";
import { problemOf } from "../../../apps/server/problem.ts";
import { problemOf as readProblem } from "../../../apps/http_client/problem.ts";
import { diskError } from "../../../backends/local/errors.ts";
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

Deno.test("an answer does not say where the store of the service is", async () => {
  const cases = {
    'Cannot save "a": the disk is full (in /srv/secret (old)/registry)':
      'Cannot save "a": the disk is full',
    'Cannot save "a": the disk is full (in C:\\secret)': 'Cannot save "a": the disk is full',
    'Cannot load "a": the store denies it (bucket "secret" at secret.com:9000)':
      'Cannot load "a": the store denies it',
    'Cannot reach bucket "secret" at secret.com:9000 (region secret): nothing answers':
      "Cannot reach the store: nothing answers",
    'Cannot reach bucket "secret" at [fd00::secret]:9000: nothing answers':
      "Cannot reach the store: nothing answers",
    'Cannot reach bucket "secret" at secret.com: nothing answers':
      "Cannot reach the store: nothing answers",
    'Cannot load "a": it has 3 bytes (4 were expected)':
      'Cannot load "a": it has 3 bytes (4 were expected)',
  };
  for (const [message, said] of Object.entries(cases)) {
    const answer = problemOf(
      new RegistryError({ code: "Unavailable", message, backend: "s3://secret" }),
    );
    const text = await answer.text();
    assertEquals([JSON.parse(text).detail, text.includes("secret")], [said, false]);
  }
  for (
    const [backend, folder] of [["file:///srv/my%20secret", "/srv/my secret"], [
      "gs://secret",
      "gs://secret",
    ]]
  ) {
    const message = `Cannot list ${folder}: it is gone`;
    const answer = problemOf(new RegistryError({ code: "Unavailable", message, backend }));
    assertEquals((await answer.json()).detail, "Cannot list the store: it is gone");
  }
});

Deno.test("nor does its hint, where a permission of the service is missing", async () => {
  const key = "objects/a/0";
  const error = diskError(
    Object.assign(new Error('Requires write access to "/srv/my secret/objects/a/0", run again'), {
      name: "NotCapable",
    }),
    { action: "put", key, backend: "file:///srv/my%20secret" },
  );
  const { detail, hint } = await problemOf(error).json();
  assertEquals([detail, hint], [
    `Cannot put "${key}": this program was not allowed to`,
    'Requires write access to "the store/objects/a/0", run again.',
  ]);
});
