import { RegistryError } from "../core/errors.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadPart } from "../core/urls/load_part.ts";
import { fromFileUrl } from "@std/path";
import { reachable, readModuleGraph } from "./support/module_graph.ts";
import { REPOSITORY, runDeno } from "./support/run_deno.ts";
import { tempRoot } from "./support/temp_root.ts";

const BUCKET = "oss://bucket/p?region=cn-hangzhou";
const CREDENTIALS = `{ credentials: { accessKeyId: "a", secretAccessKey: "s" } }`;

// A compiled program holds what its imports reach, and what it includes: tests/dev/compile_test.ts.
Deno.test("importing the scheme table or the command line makes no driver and no package of one known", async () => {
  const programs = ["backends/mod.ts", "apps/cli.ts"];
  const graph = await readModuleGraph(programs);
  for (const program of programs) {
    const known = [...reachable(graph, program)];
    assertEquals(
      known.filter((module) => /aws-sdk|google-cloud|backends\/(s3|gcs)\.ts/.test(module)),
      [],
      program,
    );
  }
});

Deno.test("a driver is imported when its scheme is used", async () => {
  await using root = await tempRoot();
  const program = root.join("program.ts");
  const door = new URL("../backends/mod.ts", import.meta.url).href;
  await Deno.writeTextFile(
    program,
    `import { openBackend } from "${door}";
    await openBackend("memory:");
    await openBackend(${JSON.stringify(root.path)});
    const message = await openBackend(${
      JSON.stringify(BUCKET)
    }, ${CREDENTIALS}).then(String, (e) => e.code + " " + e.hint);
    console.log(message);`,
  );
  const { code, stdout, stderr } = await runDeno(program, [], {
    permissions: [`--allow-read=${root.path}`],
  });
  assertEquals(code, 0, stderr);
  assertStringIncludes(
    stdout,
    `Denied Pass --allow-read=${fromFileUrl(new URL("../backends", import.meta.url))}`,
  );
  const flags = ["--allow-read", "--allow-env", "--allow-sys"];
  assertEquals((await runDeno(program, [], { permissions: flags })).stdout, "[object Object]\n");
});

Deno.test("a package that is missing is named, as runtimes and bundlers report it", async () => {
  for (
    const reason of [
      "Cannot find package 'pg' imported from /app/main.mjs",
      'Could not resolve "pg" imported by "@holdfast/holdfast".',
      'No such module "pg".', // in a Worker
      "Cannot find module 'pg'", // in a bundle of CommonJS
    ]
  ) {
    const load = () => Promise.reject(new Error(reason));
    const error = await assertRejects(() => loadPart("./queue.ts", "", load), RegistryError);
    assertEquals(error.message, "Cannot load queue: the package pg is not installed");
    assertEquals(error.hint, "Install it: npm install pg");
  }
});

Deno.test("a program that may not read a driver gets its name", async () => {
  await using root = await tempRoot();
  const program = root.join("program.ts");
  const door = new URL("../mod.ts", import.meta.url).href;
  const open =
    `await openRegistry("s3://bucket?anonymous=true&region=x").catch((error) => console.log(error.message));`;
  await Deno.writeTextFile(program, `import { openRegistry } from "${door}";\n${open}\n`);
  const { stdout } = await runDeno(program, [], { permissions: [] });
  assertEquals(stdout, "Cannot load s3: read access is not granted\n");
});

Deno.test("drivers are found where the library is imported over http", async () => {
  await using root = await tempRoot();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const path = REPOSITORY + new URL(request.url).pathname.slice(1);
      const body = await Deno.readFile(path).catch(() => undefined);
      return new Response(body, {
        status: body ? 200 : 404,
        headers: { "content-type": "application/typescript" },
      });
    },
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const { imports } = JSON.parse(await Deno.readTextFile(`${REPOSITORY}deno.json`));
  const std = ["dotenv", "path", "semver"].map((
    name,
  ) => [`@std/${name}`, `${origin}/dev/std/${name}/mod.ts`]);
  const map = root.join("deno.json");
  await Deno.writeTextFile(
    map,
    JSON.stringify({ imports: { ...imports, ...Object.fromEntries(std) } }),
  );
  const program = root.join("program.ts");
  await Deno.writeTextFile(
    program,
    `import { openBackend } from "${origin}/backends/mod.ts";
    console.log((await openBackend(${JSON.stringify(BUCKET)}, ${CREDENTIALS})).location);`,
  );
  const permissions = ["-A", "--no-lock", `--reload=${origin}`, `--config=${map}`];
  const { code, stdout, stderr } = await runDeno(program, [], { permissions });
  assertEquals([code, stdout], [0, `${BUCKET}\n`], stderr);
});
