// The pages about extensions list members and names, and pip takes wheels from their gateway.
import { assertEquals } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { localPath, openRegistry, type Registry } from "../../mod.ts";
import { annotate } from "../../registry/mod.ts";
import { createHandler, listen } from "../../apps/server.ts";
import { createTokenCheck } from "../../apps/server/access/one_time.ts";
import type { Gateway } from "../../apps/gateways.ts";
import { findPython } from "../support/numpy.ts";
import { tempRoot } from "../support/temp_root.ts";
import { MEMBERS } from "../../apps/cli/program/extensions/load_extensions.ts";

Deno.test("docs/extending_reference.md has a row for each member of an extension", async () => {
  const page = await readFile(
    new URL("../../docs/extending_reference.md", import.meta.url),
    "utf8",
  );
  const [, section = ""] = page.split("## All that an extension can add");
  const [table = ""] = section.split("`defineServing`");
  const cells = [...table.matchAll(/^\|([^|]*)\|/gm)].map(([, cell = ""]) => cell);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assertEquals(names.sort(), Object.keys(MEMBERS).sort());
});

Deno.test("docs/extending_names.md lists all values of the borders of extensions", async () => {
  const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const { exports } = JSON.parse(await read("deno.json"));
  const page = await read("docs/extending_names.md");
  for (const [entry, file] of Object.entries<string>(exports)) {
    if (!entry.startsWith("./extending")) continue;
    const [, section = ""] = page.split(`\n## \`${entry}\``);
    const rows = section.split("\n## ")[0]!.matchAll(/^\| `(\w+)`/gm);
    const values = Object.keys(await import(new URL(`../../${file}`, import.meta.url).href));
    assertEquals([...rows].map(([, name]) => name).sort(), values.sort(), entry);
  }
});

/** Imports the program of a page that has a name. */
async function programWith(name: string, path: string): Promise<Record<string, unknown>> {
  const page = new URL(`../../docs/${path}`, import.meta.url);
  const programs = (await readFile(page, "utf8")).split("```ts\n");
  const [program] = programs.find((text) => text.includes(name))!.split("```");
  await using root = await tempRoot();
  const imports = /(?<=from ")@holdfast[^"]+/g;
  await writeFile(
    root.join("program.ts"),
    program!.replace(imports, (name) => import.meta.resolve(name)),
  );
  return await import(`file://${root.join("program.ts")}`);
}

Deno.test("the program over all records finds live versions, whatever else a name has", async () => {
  const { withoutLicense } = await programWith("withoutLicense", "extending.md");
  await using registry = await openRegistry("memory:");
  await registry.save("a", 1, { idempotencyKey: "k", alias: "production" });
  await registry.save("a", 2, { metadata: { license: "MIT" } });
  await registry.save("b", 1, { version: "1.0.0-rc.1" });
  await registry.save("b", 2);
  await registry.delete("b@1.0.0");
  await annotate(registry, "b@1.0.0-rc.1", { notes: "a try" });
  const found = (withoutLicense as (of: Registry) => AsyncGenerator<string>)(registry);
  assertEquals((await Array.fromAsync(found)).sort(), ["a@1.0.0", "b@1.0.0-rc.1"]);
});

const wheels = (await programWith("getWheel", "extending_reference.md")).wheels as Gateway;

/** Writes a wheel. */
const WHEEL = `
import sys, zipfile
info = "tinylib-1.0.0.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tinylib.py", "x = 1\\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tinylib\\nVersion: 1.0.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;

const python = await findPython("pip", 0, "HOLDFAST_PYTHON");

Deno.test({
  name: `pip downloads wheels with a token${python === undefined ? " (ignored: no pip)" : ""}`,
  ignore: python === undefined,
  async fn() {
    await using root = await tempRoot();
    const run = promisify(execFile);
    const file = "tinylib-1.0.0-py3-none-any.whl";
    await run(python!, ["-c", WHEEL, root.join(file)]);
    await using registry = await openRegistry("memory:");
    await registry.save("tinylib", localPath(root.join(file)));
    await registry.save("hidden", 1);
    const tokens = createTokenCheck(["read:tinylib"]);
    await using handler = createHandler(registry, { gateways: [wheels], tokens });
    const server = await listen(handler, { port: 0 });
    try {
      const index = server.url.replace("//", `//__token__:${tokens.token}@`) + "/simple/";
      const flags = ["--isolated", "--no-cache-dir", "--no-deps", "--index-url", index];
      await run(python!, ["-m", "pip", "download", ...flags, "-d", root.join("got"), "tinylib"]);
      assertEquals(await readFile(`${root.join("got")}/${file}`), await readFile(root.join(file)));
      const headers = { authorization: `Bearer ${tokens.token}` };
      const listed = await (await fetch(`${server.url}/simple/`, { headers })).text();
      assertEquals(listed, '<!DOCTYPE html>\n<a href="tinylib/">tinylib</a>\n');
    } finally {
      await server.stop();
    }
  },
});
