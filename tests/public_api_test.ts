// The public names. `deno task test:names` rewrites the list; its diff is what a release changes.
import { assertEquals } from "@std/assert";
import { readExports } from "./support/exports.ts";
import { denoSucceeds } from "./support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "./support/source_files.ts";

const LIST = new URL("./public_api.json", import.meta.url);

/** Called like `registry.save(name, value, options)`, with the registry before it. */
const LIKE_SAVE = ["annotate", "publishRelease"];

/** Entry points whose types all others may name: a program that uses them finds them there. */
const SHARED = [
  ".",
  "./registry",
  "./runs",
  "./maintenance",
  "./workers",
  "./backends",
  "./materializers",
  "./formats",
  "./formats/zarr",
  "./files",
  "./operators",
  "./queues",
  "./server",
  "./gateways",
  "./uploads",
  "./events",
  "./operators/config",
  "./extending/cli",
];

/**
 * The borders, whose names Holdfast's own extensions use. Each has a docstring, and
 * docs/extending_names.md lists them.
 */
const BORDERS = ["cli", "kernel", "records", "server"].map((name) => `./extending/${name}`);

interface Declaration {
  kind: string;
  declarationKind: string;
  location: { filename: string; line: number; col: number };
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

/** Types in signatures of the borders that nobody needs to name: their values come from functions. */
const internal = new Set<string>();
/** Types that are exported by any file. */
const own = new Set<string>();
for (const path of await sourceFiles(PRODUCT_FOLDERS)) {
  const source = await Deno.readTextFile(path);
  for (const [, name] of source.matchAll(/^export (?:interface|type|class) (\w+)/gm)) {
    own.add(name!);
  }
  const hidden = /@internal(?: *| *\n *)\*\/\n(?:export )?(?:interface|type|class) (\w+)/g;
  for (const [, name] of source.matchAll(hidden)) internal.add(name!);
}

Deno.test("the public names are those of tests/public_api.json", async () => {
  const names = Object.fromEntries(
    symbols.map(({ subpath, symbols }) => [subpath, symbols.map(({ name }) => name).sort()]),
  );
  if (Deno.args.includes("--update")) {
    await Deno.writeTextFile(LIST, JSON.stringify(names, null, 2) + "\n");
  }
  const listed = JSON.parse(await Deno.readTextFile(LIST)) as typeof names;
  const [now, before] = [namesIn(names), namesIn(listed)];
  assertEquals(
    { added: without(now, before), removed: without(before, now) },
    { added: [], removed: [] },
    "If the change is meant, run `deno task test:names` and add it to CHANGELOG.md.",
  );
  assertEquals(names, listed);
});

Deno.test("a type in a signature is exported beside it, by the folder above, or by a shared entry point", () => {
  const namesOf = new Map(
    symbols.map(({ subpath, symbols }) => [subpath, symbols.map(({ name }) => name)]),
  );
  const known = new Set([...namesOf.values()].flat());
  const elsewhere = symbols.flatMap(({ subpath, symbols }) => {
    const above = subpath.slice(0, subpath.lastIndexOf("/"));
    const near = new Set([...SHARED, above, subpath].flatMap((at) => namesOf.get(at) ?? []));
    const named = new Set(symbols.flatMap((symbol) => {
      const parameters = new Set(parametersIn(symbol));
      return [...typesIn(symbol)].filter((name) => !parameters.has(name));
    }));
    return [...named].filter((name) => known.has(name) && !near.has(name) && !internal.has(name))
      .map((name) => `${subpath}: ${name}`);
  });
  assertEquals(elsewhere, []);
});

Deno.test("each type of the product in a signature has a public name", () => {
  const known = new Set(symbols.flatMap(({ symbols }) => symbols.map(({ name }) => name)));
  for (const name of internal) known.add(name);
  const nameless = symbols.flatMap(({ subpath, symbols }) =>
    symbols.flatMap((symbol) => {
      const parameters = new Set(parametersIn(symbol));
      return [...new Set(typesIn(symbol))]
        .filter((name) => own.has(name) && !known.has(name) && !parameters.has(name))
        .map((name) => `${subpath}: ${symbol.name} names ${name}`);
    })
  );
  assertEquals(nameless, [], "Export it beside what names it.");
});

const beyondBorders = symbols.filter(({ subpath }) => !BORDERS.includes(subpath))
  .flatMap(({ symbols }) => symbols);

function namesIn(names: Record<string, readonly string[]>): string[] {
  return Object.entries(names).flatMap(([subpath, names]) => [
    subpath,
    ...names.map((name) => `${subpath}: ${name}`),
  ]);
}

function without(items: readonly string[], others: readonly string[]): string[] {
  return items.filter((item) => !others.includes(item));
}

interface Reference {
  target: Declaration["location"];
}

/** Declarations by place: those of several entry points are references in all but one. */
const definitions = new Map(
  symbols.flatMap(({ symbols }) => symbols).flatMap(({ declarations }) => declarations)
    .filter(({ kind }) => kind !== "reference")
    .map((declaration) => [placeOf({ target: declaration.location }), declaration]),
);

function placeOf({ target: { filename, line, col } }: Reference): string {
  return `${filename}:${line}:${col}`;
}

/** Yields the names of the types that a part of the documentation refers to. */
function* typesIn(part: unknown): Generator<string> {
  if (typeof part !== "object" || part === null) return;
  const { kind, value, accessibility, def } = part as Record<string, unknown>;
  if (accessibility === "private") return;
  if (kind === "typeRef") yield (value as { typeName: string }).typeName;
  if (kind === "reference") return yield* typesIn(definitions.get(placeOf(def as Reference)));
  for (const member of Object.values(part)) yield* typesIn(member);
}

interface Parameters {
  typeParams?: readonly { name: string }[];
  /** Behind `infer`. */
  typeParam?: { name: string };
}

/** Yields the names of type parameters in a part of the documentation. */
function* parametersIn(part: unknown): Generator<string> {
  if (typeof part !== "object" || part === null) return;
  const { kind, def } = part as Record<string, unknown>;
  if (kind === "reference") {
    return yield* parametersIn(definitions.get(placeOf(def as Reference)));
  }
  const { typeParams = [], typeParam } = part as Parameters;
  for (const { name } of typeParam ? [typeParam] : typeParams) yield name;
  for (const member of Object.values(part)) yield* parametersIn(member);
}

Deno.test("public functions take at most two positional parameters before their options", () => {
  const long = beyondBorders.filter(({ declarations }) =>
    declarations.some(({ kind, def }) => kind === "function" && positional(def!.params!) > 2)
  );
  assertEquals(long.map(({ name }) => name).sort(), LIKE_SAVE);
});

Deno.test("every public function and constant is shown in README, docs or an example", async () => {
  const pages = ["README.md"];
  for (const folder of ["docs", "examples"]) {
    for await (const path of filesBelow(folder)) pages.push(path);
  }
  const texts = (await Promise.all(pages.map((path) => Deno.readTextFile(path)))).join("\n");
  const values = beyondBorders.filter(({ declarations }) =>
    declarations.some(({ kind }) => kind === "function" || kind === "variable")
  );
  const unknown = values.map(({ name }) => name)
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(texts));
  assertEquals([...new Set(unknown)], []);
});

Deno.test("docs/entry_points.md has every function over a registry", async () => {
  const page = await Deno.readTextFile("docs/entry_points.md");
  const cells = page.split("\n").map((line) => line.split("|")[1] ?? "").join();
  const functions = symbols.filter(({ subpath }) => OVER_REGISTRIES.includes(subpath))
    .flatMap(({ symbols }) => symbols).filter(({ declarations }) =>
      declarations.some(isOverRegistry)
    );
  const missing = functions.map(({ name }) => name).filter((name) =>
    !cells.includes(`\`${name}\``)
  );
  assertEquals(missing, []);
});

/** Entry points with functions over a registry; others have runs, tasks or services. */
const OVER_REGISTRIES = [".", "./registry", "./runs", "./maintenance", "./uploads"]
  .concat("./workers");

function isOverRegistry({ kind, def }: Declaration): boolean {
  if (kind !== "function") return false;
  const first = def?.params?.[0];
  return [...typesIn(first)].some((name) => /^(Stored|Service)?Registry$/.test(name));
}

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
