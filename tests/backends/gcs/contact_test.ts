import { assert, assertEquals, assertMatch } from "@std/assert";
import { FIRST_ANSWER_MS } from "../../../backends/bucket/first_contact.ts";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { cliHint } from "../../../apps/cli/terminal/hint_words.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { failureOf, strictTest } from "./with_strict.ts";

Deno.test("an unreachable endpoint fails within seconds with its host", async () => {
  const system = createScriptedSystem();
  const before = system.now();
  const backend = createGcsBackend({ bucket: "models", endpoint: "http://127.0.0.1:1", system });
  const error = await failureOf(backend.head("a"));
  await backend[Symbol.asyncDispose]();
  assertEquals([error.code, error.retry], ["Unavailable", "later"]);
  assertMatch(error.message, /^Cannot reach bucket "models" at 127\.0\.0\.1:1: /);
  assertMatch(error.hint!, /endpoint.*NO_PROXY.*retryForMs/);
  assertMatch(cliHint(error)!, /endpoint.*NO_PROXY.*holdfast doctor.*--wait 90s/);
  assert(system.now() - before <= 9_000, `${system.now() - before} ms`);
});

strictTest("a silent endpoint is reported", async ({ fake, open }) => {
  const timers = holdTimers(FIRST_ANSWER_MS);
  try {
    fake.faults.add({ method: "GET", url: /./, times: 100 }, () => {
      timers.pass();
      return new Promise(() => {});
    });
    const error = await failureOf(open().head("a"));
    assertMatch(error.message, /at 127\.0\.0\.1:\d+: it did not answer within 5 seconds/);
  } finally {
    timers[Symbol.dispose]();
  }
});

strictTest("a busy bucket gets the full retry time", async ({ fake, system, open }) => {
  const before = system.now();
  const backend = open();
  fake.faults.add({ method: "GET", url: /./, times: 12 }, { status: 503 });
  assertEquals(await backend.head("a"), undefined);
  assert(system.now() - before > 3_000);
});

Deno.test("a slow search for credentials is Denied with its sources", async () => {
  const timers = holdTimers(FIRST_ANSWER_MS);
  try {
    const never = () => {
      queueMicrotask(timers.pass);
      return new Promise<never>(() => {});
    };
    const authClient = {
      jsonContent: null,
      getRequestHeaders: never,
      getClient: never,
      getProjectId: never,
    };
    const apiEndpoint = "https://storage.googleapis.com";
    const storage = {
      apiEndpoint,
      customEndpoint: false,
      authClient,
      bucket: () => never() as never,
    };
    const backend = createGcsBackend({ bucket: "models", storage });
    const error = await failureOf(backend.head("a"));
    await backend[Symbol.asyncDispose]();
    assertEquals(error.code, "Denied");
    assertMatch(cliHint(error)!, /^Set GOOGLE_APPLICATION_CREDENTIALS, or run/);
    assertMatch(
      error.message,
      /"models" at storage\.googleapis\.com: .*GOOGLE_APPLICATION_CREDENTIALS.*gcloud/,
    );
  } finally {
    timers[Symbol.dispose]();
  }
});
