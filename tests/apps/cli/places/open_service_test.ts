import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { realSystem } from "../../../../core/system.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { openRegistry, type Registry, RegistryError } from "../../../../mod.ts";

import { cliTest } from "../../captured_io.ts";

/** A service on a port of its own, which notes the tokens that it is sent. */
async function startPort(onAnswered?: (behind: Registry, request: Request) => Promise<void>) {
  const behind = await openRegistry("memory:");
  const handler = createHandler(behind);
  const tokens: (string | null)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    tokens.push(request.headers.get("authorization"));
    const answer = await handler(request);
    await onAnswered?.(behind, request);
    return answer;
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    behind,
    tokens,
    async [Symbol.asyncDispose]() {
      await handler.close();
      await server.shutdown();
      await behind[Symbol.asyncDispose]();
    },
  };
}

cliTest("commands work on the registry of a service as on a folder", async (it) => {
  await using service = await startPort();
  const r = `-r ${service.url}`;
  await Deno.writeTextFile(it.root.join("note.txt"), "remember");
  await Deno.mkdir(it.root.join("folder/deep"), { recursive: true });
  await Deno.writeTextFile(it.root.join("folder/deep/a.txt"), "a");
  await it.prints(`${r} save -q note note.txt`, "note@1.0.0\n");
  await it.prints(`${r} save -q tree folder`, "tree@1.0.0\n");
  await it.prints(`${r} ls -q`, "note\ntree\n");
  await it.succeeds(`${r} alias note production 1`);
  await it.prints(`${r} cat note@production`, "remember");
  await it.succeeds(`${r} download tree out`);
  assertEquals(await Deno.readTextFile(it.root.join("out/deep/a.txt")), "a");
  await it.succeeds(`${r} rm note@1 --force --yes`);
  await it.prints(`${r} ls -q`, "tree\n");
});

cliTest("alias prints what it set, also if another writer moves the alias at once", async (it) => {
  await using service = await startPort(async (behind, { method }) => {
    if (method === "PUT") await behind.setAlias("note", "production", "2.0.0");
  });
  await service.behind.save("note", "one");
  await service.behind.save("note", "two");
  const set = `-r ${service.url} alias note production`;
  await it.prints(`${set} 1`, "note@production is 1.0.0\n");
  await it.prints(`${set} ^1.0 --json`, '{"name":"note","alias":"production","version":"1.0.0"}\n');
});

cliTest("commands on the store are Unsupported on a service", async (it) => {
  await using service = await startPort();
  for (const line of ["gc", "verify", `init ${service.url}`]) {
    const { code, err } = await it.holdfast(`-r ${service.url} ${line}`);
    assert(code > 0, line);
    assertStringIncludes(err, "hint: ");
    assertEquals(err.includes("openRegistry"), false, `${line}: ${err}`);
  }
});

cliTest("the token of a service comes from a file or the environment", async (it) => {
  await using service = await startPort();
  const env = { HOLDFAST_TOKEN: "of-the-environment" };
  await Deno.writeTextFile(it.root.join("token"), "of-the-file\n");
  const sent = async (line: string, variables: Record<string, string> = env) => {
    service.tokens.length = 0;
    await it.holdfast(line, { env: variables });
    return service.tokens[0];
  };
  assertEquals(await sent(`-r ${service.url} ls`), "Bearer of-the-environment");
  assertEquals(await sent(`-r ${service.url} --token-file token ls`), "Bearer of-the-file");
  assertEquals(
    await sent("ls", { ...env, HOLDFAST_REGISTRY: service.url }),
    "Bearer of-the-environment",
  );
  await Deno.writeTextFile(it.root.join(".env"), `HOLDFAST_REGISTRY=${service.url}\n`);
  assertEquals(await sent("ls"), null);
  await Deno.writeTextFile(
    it.root.join(".env"),
    `HOLDFAST_REGISTRY=${service.url}\nHOLDFAST_TOKEN=of-the-folder\n`,
  );
  assertEquals(await sent("ls"), "Bearer of-the-folder");
  await it.fails(`-r ${service.url} --token-file none ls`, 6, "none");
});

cliTest("a URL with a secret is refused and not shown", async (it) => {
  for (
    const address of ["http://me:secret@host", "https://host?token=secret", "http://host/#secret"]
  ) {
    const { code, err, out } = await it.holdfast(`-r ${address} ls`);
    assertEquals(code, 2);
    assert(!`${err}${out}`.includes("secret"), err);
  }
});

Deno.test("openRegistry() opens the service that HOLDFAST_REGISTRY names, with its token, and refuses its store", async () => {
  await using service = await startPort();
  const env: Record<string, string> = { HOLDFAST_REGISTRY: service.url, HOLDFAST_TOKEN: "t0k" };
  const system = { ...realSystem, env: (name: string) => env[name] };
  await using registry = await openRegistry(undefined, { system });
  await registry.save("note", "remember");
  assertEquals(await service.behind.load("note"), "remember");
  assertEquals(new Set(service.tokens), new Set(["Bearer t0k"]));
  assertEquals(registry.backend, undefined);
  assertEquals(
    (await assertRejects(() => collectGarbage(registry), RegistryError)).code,
    "Unsupported",
  );
  const mutable = await assertRejects(
    () => openRegistry(service.url, { system, mutable: true }),
    RegistryError,
  );
  assertEquals(mutable.code, "Invalid");
});
