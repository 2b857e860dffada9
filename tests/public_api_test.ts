// The public names. `deno task test:names` rewrites the list; its diff is what a release changes.
import { assertEquals } from "@std/assert";
import { readExports } from "./support/exports.ts";
import { denoSucceeds } from "./support/run_deno.ts";

const LIST = new URL("./public_api.json", import.meta.url);

/** Called like `registry.save(name, value, options)`, with the registry before it. */
const LIKE_SAVE = ["annotate", "publishRelease"];

interface Declaration {
  kind: string;
  declarationKind: string;
  def?: { params?: Parameter[] };
}

interface Parameter {
  kind: string;
  name?: string;
  left?: Parameter;
}

interface Documentation {
  nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
}

const exported = await readExports();
const { stdout } = await denoSucceeds(["doc", "--json", ...Object.values(exported)]);
const documentation: Documentation = JSON.parse(stdout);
const symbols = Object.entries(exported).map(([subpath, file]) => {
  const url = new URL(`../${file}`, import.meta.url).href;
  return { subpath, symbols: documentation.nodes[url].symbols.filter(isExported) };
});

Deno.test("the public names are those of tests/public_api.json", async () => {
  const names = Object.fromEntries(
    symbols.map(({ subpath, symbols }) => [subpath, symbols.map(({ name }) => name).sort()]),
  );
  if (Deno.args.includes("--update")) {
    await Deno.writeTextFile(LIST, JSON.stringify(names, null, 2) + "\n");
  }
  assertEquals(names, JSON.parse(await Deno.readTextFile(LIST)));
});

Deno.test("public functions take at most two positional parameters before their options", () => {
  const long = symbols.flatMap(({ symbols }) => symbols).filter(({ declarations }) =>
    declarations.some(({ kind, def }) => kind === "function" && positional(def!.params!) > 2)
  );
  assertEquals(long.map(({ name }) => name).sort(), LIKE_SAVE);
});

Deno.test("every public function and constant is shown in README, docs or an example", async () => {
  const pages = ["README.md"];
  for (const folder of ["docs", "examples"]) {
    for await (const path of filesBelow(folder)) if (!path.includes("decisions/")) pages.push(path);
  }
  const texts = (await Promise.all(pages.map((path) => Deno.readTextFile(path)))).join("\n");
  const values = symbols.flatMap(({ symbols }) => symbols).filter(({ declarations }) =>
    declarations.some(({ kind }) => kind === "function" || kind === "variable")
  );
  const unknown = values.map(({ name }) => name)
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(texts));
  assertEquals([...new Set(unknown)], []);
});

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else if (/\.(md|ts)$/.test(name)) yield `${folder}/${name}`;
  }
}

function isExported({ declarations }: { declarations: Declaration[] }): boolean {
  return declarations.some(({ declarationKind }) => declarationKind === "export");
}

function positional(parameters: Parameter[]): number {
  const last = parameters.at(-1);
  const target = last?.left ?? last;
  const isOptions = target?.kind === "object" || target?.kind === "rest" ||
    target?.name === "options";
  return parameters.length - (isOptions ? 1 : 0);
}
