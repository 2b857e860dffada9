// Rights of tokens on runs that others began.
import { assertEquals } from "@std/assert";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { TokenCheck } from "../../../../apps/server/access/token_file.ts";
import { openRegistry } from "../../../../mod.ts";
import { finishRun, openRun, readLoggedRun, updateRun } from "../../../../extensions/runs/mod.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";

/** Uses the text after `Bearer ` as the id of the token and its scopes, separated by commas. */
const tokens: TokenCheck = {
  find(authorization) {
    const [, token = "", ...scopes] = authorization?.split(/[ ,]/) ?? [];
    const author = { name: token, token };
    return Promise.resolve(createAccess(token, scopes.map(parseScope), { author }));
  },
};

const PATH = "/artifacts/m/runs/1";
const REQUESTS: Record<string, readonly [method: string, path: string, body?: object]> = {
  begin: ["POST", PATH, {}],
  "begin with another value": ["POST", PATH, { params: { rate: 2 } }],
  update: ["PATCH", PATH, { tags: { b: "c" } }],
  "update with another value": ["PATCH", PATH, { params: { rate: 2 } }],
  read: ["GET", PATH],
  finish: ["POST", `${PATH}/finish`, {}],
  discard: ["DELETE", PATH],
  "discard its draft": ["DELETE", "/artifacts/m/drafts/run:1"],
};

/** The answers to each request about a fresh run of Alice, by a token with these scopes. */
async function answersTo(scopes: string): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const [what, [method, path, body]] of Object.entries(REQUESTS)) {
    await using registry = await openRegistry("memory:");
    await using handler = createCheckedHandler(registry, { tokens });
    const fetch = (request: Request) => handler(request);
    await using alice = await openHttpRegistry("http://localhost", {
      token: "alice,read:m,save:m",
      fetch,
    });
    const run = await openRun(alice, "m", { id: "1", params: { rate: 1 } });
    run.log({ step: 41, loss: 0.5 });
    await run.flush();
    const headers = { authorization: `Bearer ${scopes}`, "content-type": "application/json" };
    const request = new Request(`http://localhost${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    });
    const answer = await handler(request);
    const text = await answer.text();
    const tells = /"step":41|"points":1|"rate"|\brate\b/.test(text) ? ", tells of it" : "";
    answers[what] = `${answer.status}${tells}`;
    const { state } = await readLoggedRun(registry, "m", { id: "1" });
    const isChanged = answer.status >= 400 && state !== "running";
    assertEquals(isChanged, false, what);
    await run.close().catch(() => {});
  }
  return answers;
}

Deno.test("a token that may only save neither learns of nor ends the run of another", async () => {
  const answers = await answersTo("bob,save:m");
  assertEquals(new Set(Object.values(answers)), new Set(["403"]));
});

Deno.test("a run of another needs `read`, and `delete` to discard it", async () => {
  assertEquals(await answersTo("bob,save:m,read:m"), {
    begin: "200, tells of it",
    "begin with another value": "409, tells of it",
    update: "204",
    "update with another value": "409, tells of it",
    read: "200, tells of it",
    finish: "201",
    discard: "403",
    "discard its draft": "403",
  });
  const { begin, finish, ...discards } = await answersTo("bob,save:m,delete:m");
  assertEquals([begin, finish], ["403", "403"]);
  assertEquals([discards.discard, discards["discard its draft"]], ["200", "200"]);
});

Deno.test("a token that may only save goes on with its own runs, also after a restart", async () => {
  await using registry = await openRegistry("memory:");
  for (const step of [0, 1, 2]) {
    await using handler = createCheckedHandler(registry, { tokens });
    const fetch = (request: Request) => handler(request);
    await using own = await openHttpRegistry("http://localhost", {
      token: "alice,save:m,read:other",
      fetch,
    });
    const run = await openRun(own, "m", { id: "1" });
    assertEquals([run.writer.points, run.writer.step], [step, step === 0 ? undefined : step - 1]);
    run.log({ loss: step });
    await run.close();
    await updateRun(own, "m", { id: "1", params: { [`of ${step}`]: step } });
    if (step === 2) await finishRun(own, "m", { id: "1" });
  }
  const { metadata } = await registry.info("m");
  assertEquals(metadata.params, { "of 0": 0, "of 1": 1, "of 2": 2 });
});
