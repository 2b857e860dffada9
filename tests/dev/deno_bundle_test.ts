// Programs that `deno bundle` makes of the sources of the library.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY, runDeno } from "../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";

const OPENS = `
import { createFormats } from "@holdfast/holdfast/formats";
import { openRegistry } from "@holdfast/holdfast";

const [folder] = Deno.args;
const registry = await openRegistry(folder);
await registry.save("a", 1);
console.log(await registry.load("a"));

const asked = [];
await using store = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
  asked.push(new URL(request.url).pathname);
  return request.url.endsWith("/registry")
    ? Response.json({ id: "x", settings: { versioned: true, mutable: false } })
    : new Response(null, { status: 403 });
});
const port = store.addr.port;
const service = await openRegistry("http://127.0.0.1:" + port);
console.log(service.id);
const query = "?anonymous=true&region=eu-central-1&endpoint=http://127.0.0.1:" + port;
const error = await openRegistry("s3://bucket/p" + query).catch((error) => error);
console.log(asked.some((path) => path.startsWith("/bucket")), error.code, error.hint);
const formats = createFormats();
for (const path of ["a.tiff", "a.zip", "a.csv"]) {
  const format = await formats.forPath(path).catch((error) => error.hint);
  console.log(format.id ?? format);
}
`;

async function bundled(root: TempRoot, program: string): Promise<string> {
  await Deno.writeTextFile(root.join("main.ts"), program);
  await Deno.mkdir(root.join("out/bin"), { recursive: true });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--config", join(REPOSITORY, "deno.json")],
      ...["--output", root.join("out/bin/main.js"), root.join("main.ts")],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  const ran = await runDeno(root.join("out/bin/main.js"), [root.join("registry")], {
    permissions: ["-A"],
  });
  assertEquals(ran.code, 0, ran.stderr);
  return ran.stdout;
}

testInRoot(
  "a bundle opens folders and services, and names the import of a bucket",
  async (root) => {
    await Deno.mkdir(root.join("out/bin"), { recursive: true });
    // Not parts of the library, though they lie where those would be.
    for (const path of ["s3.ts", "out/s3.ts", "out/bin/s3.ts", "out/bin/csv.ts"]) {
      await Deno.writeTextFile(root.join(path), `console.log("foreign");`);
    }
    const [value, id, store, tiff, zip, csv] = (await bundled(root, OPENS)).split("\n");
    assertEquals([value, id, tiff, zip], ["1", "x", "tiff", "zip"]);
    assertStringIncludes(
      store!,
      'false Unsupported Add to the program: import "@holdfast/holdfast/',
    );
    assertStringIncludes(store!, "backends/s3");
    assertStringIncludes(csv!, 'import "@holdfast/holdfast/formats/csv"');
  },
);

testInRoot("a bundle opens buckets and formats that the program imports", async (root) => {
  const imports = ["backends/s3", "formats/csv"].map((entry) =>
    `import "@holdfast/holdfast/${entry}";\n`
  );
  const [, , store, , , csv] = (await bundled(root, imports.join("") + OPENS)).split("\n");
  assertEquals([store!.startsWith("true Denied"), csv], [true, "csv"], store);
});
