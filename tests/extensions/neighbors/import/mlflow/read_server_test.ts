// `holdfast import mlflow` of servers. The server is `serve --mlflow`, which answers as MLflow does.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createAccess, parseScope } from "../../../../../apps/server/access/access.ts";
import { createHandler, listen } from "../../../../../apps/server.ts";
import { createMlflowGateway } from "../../../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { openRegistry } from "../../../../../mod.ts";
import { cliTest } from "../../../../apps/captured_io.ts";
import { metaOf, OTHER, RUN, writeTree } from "./write_mlruns.ts";
import { modelFiles, runFiles } from "./write_mlruns.ts";

/** Serves what an import of a folder has stored. */
async function serveTree(cwd: string) {
  const registry = await openRegistry(`${cwd}/first`);
  const access = createAccess("ada", [parseScope("read:*")]);
  const handler = createHandler(registry, {
    gateways: [createMlflowGateway()],
    tokens: { find: (given) => Promise.resolve(given === "Bearer secret" ? access : undefined) },
  });
  const server = await listen(handler, { port: 0, hasTokens: true });
  return {
    url: server.url,
    [Symbol.asyncDispose]: async () => {
      await server.stop({ withinMs: 0 });
      await handler.close();
      await registry.close();
    },
  };
}

const env = { MLFLOW_TRACKING_TOKEN: "secret" };

cliTest("a server is imported with all values, artifacts and models", async (it) => {
  await writeTree(`${it.cwd}/mlruns`, { ...runFiles(), ...modelFiles() });
  await it.succeeds("import mlflow mlruns first --create");
  await using server = await serveTree(it.cwd);
  const line = `import mlflow ${server.url} .holdfast --create`;
  const out = await it.succeeds(line, { env });
  assertMatch(out, /^Imported 1 run, 2 versions of models \(5 points, 3 files, /);
  assertMatch(await it.succeeds(line, { env }), /^Imported 0 runs, .* 3 unchanged\n$/);
  const before = await it.json("info team/digits -r first --json");
  const after = await it.json("info team/digits --json");
  assertEquals(after.digest, before.digest);
  for (const member of ["params", "tags", "metrics", "mlflow"]) {
    assertEquals(after.metadata[member], before.metadata[member], member);
  }
  assertStringIncludes(after.metadata.run.id, RUN);
  const model = await it.json("info models:clf@champion --json");
  assertEquals(model.version, "1.0.0");
  assertStringIncludes(JSON.stringify(model.inputs), "team/digits");
});

cliTest(
  "models that a run used arrive from searches without them, and runs deleted since do not",
  async (it) => {
    const model = `m-${RUN}`;
    await writeTree(`${it.cwd}/mlruns`, {
      ...runFiles(),
      ...runFiles(OTHER),
      [`7/${RUN}/inputs/${"2".repeat(32)}/meta.yaml`]: metaOf({
        source_type: "MODEL",
        source_id: model,
        destination_id: model,
      }),
    });
    await it.succeeds("import mlflow mlruns first --create");
    await using server = await serveTree(it.cwd);
    // As MLflow 3 answers.
    const mlflow = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const { pathname, search } = new URL(request.url);
        const answer = await fetch(new URL(pathname + search, server.url), {
          method: request.method,
          headers: request.headers,
          body: request.method === "GET" ? null : await request.text(),
        });
        if (!/runs\/(search|get)$/.test(pathname)) return answer;
        const body = await answer.json();
        for (const { inputs } of body.runs ?? []) delete inputs.model_inputs;
        if (body.run?.info.run_id.startsWith(OTHER)) body.run.info.lifecycle_stage = "deleted";
        return Response.json(body);
      },
    );
    const url = `http://127.0.0.1:${mlflow.addr.port}`;
    const { out, err } = await it.holdfast(`import mlflow ${url} .holdfast --create`, { env });
    await mlflow.shutdown();
    assertMatch(out, /^Imported 1 run, /);
    assertMatch(err, /it is deleted/);
    const { metadata } = await it.json("info team/digits --json");
    assertEquals(
      Object.keys(metadata.tags).filter((tag) => tag.startsWith("holdfast:input.model.")).length,
      1,
    );
  },
);

cliTest("servers that refuse, and others, are reported, and create nothing", async (it) => {
  await it.succeeds("init first");
  await using server = await serveTree(it.cwd);
  const { code, err } = await it.holdfast(`import mlflow ${server.url} .holdfast --create`);
  assertEquals(code === 0, false);
  assertStringIncludes(err, "MLFLOW_TRACKING_TOKEN");
  await it.fails(`import mlflow ${server.url}/nowhere .holdfast --create`, 3, "404", { env });
  await it.fails("ls", 3);
});

cliTest("versions of a model with a quote in its name are found", async (it) => {
  const files = Object.entries(modelFiles()).map(([path, text]) =>
    [path, text.replace("name: clf", "name: ann's clf")] as const
  );
  await writeTree(`${it.cwd}/mlruns`, { ...runFiles(), ...Object.fromEntries(files) });
  await it.succeeds("import mlflow mlruns first --create");
  await using server = await serveTree(it.cwd);
  const out = await it.succeeds(`import mlflow ${server.url} .holdfast --create`, { env });
  assertMatch(out, /^Imported 1 run, 2 versions of models /);
});

cliTest("pages that go in a circle end with an error, not with a part", async (it) => {
  let asked = 0;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => Response.json({ experiments: [], next_page_token: `${++asked % 2}` }),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  await it.fails(`import mlflow ${url} .holdfast --create`, 2, "it repeats a page token");
  await server.shutdown();
});

cliTest("a token that an answer repeats is not shown", async (it) => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ headers }) => new Response(`got ${headers.get("authorization")}`, { status: 400 }),
  );
  const line = `import mlflow http://127.0.0.1:${server.addr.port} .holdfast --create`;
  const { code, err, out } = await it.holdfast(line, { env });
  assertEquals([code, /secret/.test(err + out)], [2, false]);
  assertStringIncludes(err, "got Bearer …");
  await server.shutdown();
});

cliTest("a password in the URL is sent, and never shown", async (it) => {
  const sent: (string | null)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ headers }) => {
    sent.push(headers.get("authorization"));
    return new Response("no", { status: 403 });
  });
  const url = `http://ada:s%40cret@127.0.0.1:${server.addr.port}`;
  const { code, err, out } = await it.holdfast(`import mlflow ${url} .holdfast --create`);
  assertEquals([code === 0, sent], [false, [`Basic ${btoa("ada:s@cret")}`]]);
  assertEquals(/cret/.test(err + out), false);
  await server.shutdown();
});

cliTest("redirects are not followed: another address gets no request", async (it) => {
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  let asked = 0;
  const other = Deno.serve(options, () => {
    asked++;
    return Response.json({ experiments: [] });
  });
  const server = Deno.serve(
    options,
    () => Response.redirect(`http://127.0.0.1:${other.addr.port}/`, 307),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  await it.fails(`import mlflow ${url} .holdfast --create`, 2, "307", { env });
  assertEquals(asked, 0);
  await server.shutdown();
  await other.shutdown();
});
