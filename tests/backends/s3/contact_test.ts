import process from "node:process";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FIRST_ANSWER_MS } from "../../../backends/bucket/first_contact.ts";
import { createS3Backend, type S3BackendOptions } from "../../../backends/s3.ts";
import { cliHint } from "../../../apps/cli/terminal/hint_words.ts";
import type { RegistryError } from "../../../core/errors.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { failure, refusal, SECRETS, standInTest, xml } from "./stand_in.ts";

const NOBODY = "http://127.0.0.1:1";

async function failedHead(options: Partial<S3BackendOptions>): Promise<RegistryError> {
  const backend = createS3Backend({
    bucket: "models",
    endpoint: NOBODY,
    credentials: SECRETS,
    ...options,
  });
  try {
    return await failure(backend.head("a"));
  } finally {
    await backend[Symbol.asyncDispose]();
  }
}

Deno.test("an unreachable store fails within seconds with its host", async () => {
  const system = createScriptedSystem();
  const before = system.now();
  const error = await failedHead({ system, region: "eu-central-1" });
  assertEquals(error.code, "Unavailable");
  assertMatch(
    error.message,
    /^Cannot reach bucket "models" at 127\.0\.0\.1:1 \(region eu-central-1\): nothing answers/,
  );
  assertMatch(error.hint!, /endpoint.*NO_PROXY.*retryForMs/);
  assertMatch(cliHint(error)!, /endpoint.*NO_PROXY.*holdfast doctor.*--wait 90s/);
  assert(system.slept.length > 2, "it was tried again");
  assert(system.now() - before <= 9_000, `${system.now() - before} ms`);

  const since = system.now();
  await failedHead({ system, retryForMs: 60_000 }); // who says so waits so long
  assert(system.now() - since > 10_000, `${system.now() - since} ms`);
});

standInTest("a silent store times out on first contact", async (start) => {
  const timers = holdTimers(FIRST_ANSWER_MS);
  try {
    const store = await start(() => {
      timers.pass();
      return { end: "stall" };
    });
    const error = await failure(store.backend.head("a"));
    assertEquals([error.code, error.retry], ["Unavailable", "later"]);
    assertStringIncludes(error.message, new URL(store.endpoint).host);
    assertStringIncludes(error.message, "did not answer within 5 seconds");
  } finally {
    timers[Symbol.dispose]();
  }
});

standInTest("a busy or broken store gets the full retry time", async (start) => {
  let replies = 0;
  const store = await start(() => {
    if (store.system.now() - before > 20_000) return undefined;
    return ++replies === 1 ? refusal(503, "SlowDown") : { end: "cut" };
  });
  const before = store.system.now();
  assertEquals((await store.backend.head("a"))?.key, "a");
  assert(replies > 5);
});

standInTest("a server that is not S3 is reported within seconds", async (start) => {
  for (const status of [200, 404]) {
    const store = await start(() => ({ status, body: "<html><body>Welcome</body></html>" }));
    const before = store.system.now();
    const error = await failure(Array.fromAsync(store.backend.list("")));
    assertEquals(error.code, "Unavailable");
    assertStringIncludes(error.message, new URL(store.endpoint).host);
    assertStringIncludes(error.message, "the reply is not S3");
    assert(store.system.now() - before <= 9_000, `${status}: ${store.system.now() - before} ms`);
  }
});

standInTest("the first-contact timeout spares replies and large bodies", async (start) => {
  const timers = holdTimers(FIRST_ANSWER_MS);
  try {
    const store = await start((request) => {
      timers.pass();
      return request.line.startsWith("PUT")
        ? undefined
        : xml("ListBucketResult", "<IsTruncated>false</IsTruncated>");
    });
    assert((await store.backend.put("a", new Uint8Array(10))).written);
    assertEquals(await Array.fromAsync(store.backend.list("")), []);
  } finally {
    timers[Symbol.dispose]();
  }
});

/** The SDK looks into the environment itself, where these end its search. */
const NO_SOURCES = {
  AWS_ACCESS_KEY_ID: "",
  AWS_PROFILE: "",
  AWS_REGION: "",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_EC2_METADATA_DISABLED: "true",
};

async function withoutSources(run: () => Promise<void>): Promise<void> {
  const { env } = process; // the SDK has no other
  const before = { ...env };
  const set = (name: string, value?: string) => value ? env[name] = value : delete env[name];
  for (const [name, value] of Object.entries(NO_SOURCES)) set(name, value);
  try {
    await run();
  } finally {
    for (const name of Object.keys(NO_SOURCES)) set(name, before[name]);
  }
}

Deno.test("missing credentials are Denied with searched sources", async () => {
  await withoutSources(async () => {
    const options = { endpoint: undefined, credentials: undefined, region: "eu-central-1" };
    const error = await failedHead(options);
    assertEquals([error.code, error.retry], ["Denied", "never"]);
    assertMatch(
      error.message,
      /"models" at \S*eu-central-1\.amazonaws\.com \(region eu-central-1\): .*no credentials found/,
    );
    assertMatch(error.message, /AWS_ACCESS_KEY_ID.*~\/\.aws\/credentials/);
    assertMatch(error.hint!, /^Pass credentials, .*AWS_SECRET_ACCESS_KEY/);
    assertMatch(error.hint!, /credentials: "anonymous"/);
    const hint = cliHint(error)!;
    for (const text of [error.hint!, hint]) {
      assertMatch(text, /S3_NAME_ACCESS_KEY and S3_NAME_SECRET_KEY, where NAME is the bucket/);
      assertEquals(text.includes("{"), false, text);
    }
    assertMatch(hint, /^Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, .*\?anonymous=true/);
  });
});

Deno.test("a missing region is Invalid at once", async () => {
  await withoutSources(async () => {
    const system = createScriptedSystem();
    const error = await failedHead({ endpoint: undefined, system });
    assertEquals([error.code, system.slept], ["Invalid", []]);
    assertStringIncludes(error.hint!, "AWS_REGION");
  });
});
