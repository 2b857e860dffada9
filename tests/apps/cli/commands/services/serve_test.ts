import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path";
import { cliTest, filledTest, fillRegistry, keepsRunning, serving } from "../../../captured_io.ts";
import { createKey, startProvider } from "../../../../support/oidc/provider.ts";

filledTest("serve prints its URL, answers, and ends on a signal", async (it) => {
  const { line: url, io, stop, ended } = await serving(it.root.path);
  assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assertEquals(await (await fetch(`${url}/names`)).json(), {
    items: ["config", "data:raw", "note"],
  });
  const { files: [{ path }] } = await (await fetch(`${url}/artifacts/note/versions/latest`))
    .json();
  const file = await fetch(`${url}/artifacts/note/versions/1.0.0/files/${path}`, {
    method: "HEAD",
  });
  assertEquals([file.status, file.headers.get("content-length"), await file.text()], [
    200,
    "5",
    "",
  ]);
  const events = (await fetch(`${url}/artifacts/note/watch`)).body!.pipeThrough(
    new TextDecoderStream(),
  ).getReader();
  for (let text = ""; !text.includes("event: latest");) text += (await events.read()).value;
  stop();
  assertEquals(await ended, 0);
  assertEquals((await events.read()).done, true);
  assertStringIncludes(io.errors(), "Stopped");
});

filledTest("serve does not start without its audit trail", async (it) => {
  const manyProcesses = Deno.build.os === "linux" ? [" --processes 2"] : [];
  for (const more of ["", ...manyProcesses]) {
    const { code, err } = await it.holdfast(`serve --port 0 --audit none/audit.jsonl${more}`);
    assertEquals(code, 3, err);
    assertMatch(err, /Cannot write audit file ".*none\/audit\.jsonl": no such file or folder/);
  }
  const { line: url, stop, ended } = await serving(it.root.path, "--audit", "audit.jsonl");
  assertEquals(await Deno.readTextFile(it.root.join("audit.jsonl")), "");
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assertStringIncludes(metrics, "\nholdfast_audit_writable 1\n");
  assertStringIncludes(metrics, 'holdfast_disk_free_bytes{disk="audit"} ');
  stop();
  assertEquals(await ended, 0);
});

filledTest("serve without tokens tells what other users of the machine can do", async (it) => {
  await it.holdfast("token create --tokens t.json --scope admin");
  const cases: [args: string[], note: RegExp | undefined][] = [
    [[], /^Every user of this machine can read and change it/m],
    [["--read-only"], /^Every user of this machine can read it/m],
    [["--tokens", "t.json"], undefined],
  ];
  for (const [args, note] of cases) {
    const { io, stop, ended } = await serving(it.root.path, ...args);
    stop();
    assertEquals(await ended, 0);
    if (note === undefined) assertEquals(io.errors().includes("Every user"), false);
    else assertMatch(io.errors(), note);
  }
});

filledTest("serve takes the content of a token file from standard input", async (it) => {
  const token = (await it.holdfast("token create --tokens t.json --scope admin")).out.trim();
  const stdin = await Deno.readTextFile(it.root.join("t.json"));
  const { line: url, stop, ended } = await keepsRunning(
    ["serve", "--port", "0", "--tokens", "-"],
    { cwd: it.cwd, stdin },
  );
  const statusOf = async (headers: Record<string, string>) => {
    const answer = await fetch(`${url}/names`, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await statusOf({}), 401);
  assertEquals(await statusOf({ authorization: `Bearer ${token}` }), 200);
  stop();
  assertEquals(await ended, 0);
  const damaged = await it.holdfast("serve --port 0 --tokens -", { stdin: "{" });
  assertMatch(damaged.err, /Cannot read tokens: not a token file/);
  const typed = await it.holdfast("serve --port 0 --tokens -", { terminals: ["stdin"] });
  assertEquals([typed.code, typed.err.includes("it is a terminal")], [2, true], typed.err);
});

filledTest(
  "serve --json prints JSON; its service names the option of an absent part",
  async (it) => {
    const { line, stop, ended } = await serving(it.root.path, "--json");
    const { url, registry } = JSON.parse(line);
    assertEquals([(await (await fetch(`${url}/registry`)).json()).service.name, registry], [
      "holdfast",
      toFileUrl(it.root.join(".holdfast")).href,
    ]);
    const { hint } = await (await fetch(`${url}/jobs`)).json();
    assertEquals(hint, "Start the service with --queue URL.");
    stop();
    assertEquals(await ended, 0);
  },
);

cliTest("serve reports why it cannot start", async (it) => {
  await it.fails("serve --port 0", 3);
  await fillRegistry(it.root.path);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, err } = await it.holdfast(`serve --port ${taken.addr.port}`);
  assertEquals([code, err.includes("the port is in use"), err.includes("--port 0")], [
    4,
    true,
    true,
  ], err);
  await it.holdfast("token create --tokens t --scope admin");
  const elsewhere = "--port 0 --tokens t --host not.an.address.invalid";
  for (
    const args of [
      "--port 70000",
      "--port x",
      "--port 0 --cert c.pem",
      "--port 0 --max-requests 0",
      "--port 0 --processes 9999",
      "--port 0 --processes many",
      "--port 0 --cert c --key k",
      elsewhere,
    ]
  ) {
    await it.fails(`serve ${args}`, 2);
  }
});

filledTest("serve accepts tokens of an identity provider beside stored ones", async (it) => {
  const key = await createKey("1");
  await using provider = await startProvider({ key, clients: { trainer: {} } });
  const audience = "https://models.example";
  const rules = [{ claims: { sub: "trainer" }, scopes: ["read:*"] }];
  const settings = { audience, issuers: [{ issuer: provider.issuer, rules }] };
  await Deno.writeTextFile(it.root.join("sign_in.json"), JSON.stringify(settings));
  await Deno.writeTextFile(it.root.join("wrong.json"), JSON.stringify({ audience }));
  const stored = (await it.holdfast("token create --tokens t.json --scope admin")).out.trim();
  const { line: url, io, stop, ended } = await serving(
    it.root.path,
    ...["--oidc", "sign_in.json", "--tokens", "t.json"],
  );
  const statusOf = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/names`, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await statusOf(await provider.tokenOf("trainer", audience)), 200);
  assertEquals(await statusOf(await provider.tokenOf("trainer", "https://other.example")), 401);
  assertEquals(await statusOf(stored), 200);
  stop();
  assertEquals(await ended, 0);
  assertEquals(io.errors().includes("Every user"), false);
  assertMatch(
    (await it.holdfast("serve --port 0 --oidc wrong.json")).err,
    /issuers: it is missing/,
  );
  const absent = await it.holdfast("serve --port 0 --oidc none.json");
  assertEquals(absent.code, 3);
  assertMatch(absent.err, /read sign-in settings "none.json": the file does not exist/);
  await Deno.writeTextFile(it.root.join("text.json"), "{ audience: ");
  const damaged = await it.holdfast("serve --port 0 --oidc text.json");
  assertMatch(damaged.err, /read sign-in settings "text.json": .*JSON/);
});

filledTest("serve requires tokens beyond this machine", async (it) => {
  const open = await it.holdfast("serve --port 0 --host 0.0.0.0");
  assertEquals([open.code, open.err.includes("holdfast token create")], [6, true], open.err);
  await it.fails("serve --port 0 --tokens t.json", 3);
  const token = (await it.holdfast("token create --tokens t.json --scope read:data:*")).out
    .trim();
  const { line: url, io, stop, ended } = await serving(it.root.path, "--tokens", "t.json", "--log");
  const ask = (headers: Record<string, string>) => fetch(`${url}/names?prefix=d`, { headers });
  assertEquals((await (await ask({})).json()).status, 401);
  assertEquals(await (await ask({ authorization: `Bearer ${token}` })).json(), {
    items: ["data:raw"],
  });
  stop();
  assertEquals(await ended, 0);
  assertMatch(io.errors(), /^\S+Z GET \/names 200 \d+ B \d+ ms token=[0-9a-f]{12} id=/m);
  assertEquals(io.errors().includes(token), false);
});
