// The tables of docs/entry_points.md name what exists, and miss nothing.
import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { COMMAND_TABLE } from "../apps/run_cli.ts";
import { toolsOf } from "../../extensions/gateways/mcp/server.ts";
import { createApp } from "../../apps/server/app.ts";
import { METHODS } from "../../core/options/methods.ts";
import { openRegistry } from "../../mod.ts";
import { pipelines } from "../../operators/surface/pipelines.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { sourceFiles } from "../support/source_files.ts";

const COLUMNS = ["HTTP", "command line", "Python", "MCP", "explorer"];

async function read(path: string): Promise<string> {
  return await readFile(`${REPOSITORY}/${path}`, "utf8");
}

/** Returns the rows of a table: the cells by the titles of their columns. */
function rowsOf(page: string, first: string): Record<string, string>[] {
  const lines = page.split("\n");
  const at = lines.findIndex((line) => line.startsWith(`| ${first} `));
  const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
  const titles = cells(lines[at]!);
  const rows = lines.slice(at + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end < 0 ? undefined : end)
    .map((line) => Object.fromEntries(cells(line).map((cell, i) => [titles[i]!, cell])));
}

const namesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

const page = await read("docs/entry_points.md");
const methods = rowsOf(page, "method"), functions = rowsOf(page, "function");

async function known(): Promise<Record<string, (name: string) => boolean>> {
  const registry = await openRegistry("memory:");
  const ids = new Set(createApp(registry, { gateways: [pipelines] }).routes.map(({ id }) => id));
  const tools = new Set(toolsOf({ allowDelete: true }).map(({ name }) => name));
  const commands = new Set((await COMMAND_TABLE.load()).map(({ name }) => name));
  const python = await read("python/holdfast/artifacts/registry.py") +
    await read("python/holdfast/client/writable.py") +
    await read("python/holdfast/service_registry.py") + await read("python/holdfast/runs/run.py");
  return {
    "HTTP": (name) => ids.has(name),
    "command line": (name) => commands.has(name.replace(/ (clear|--\S*)$/, "")),
    "Python": (name) => python.includes(`    def ${name}(`),
    "MCP": (name) => tools.has(name),
  };
}

Deno.test("the table of entry points has every method of a registry", () => {
  const listed = methods.flatMap(({ method }) => namesIn(method!));
  assertEquals(listed.sort(), Object.keys(METHODS).sort());
});

Deno.test("the tables of entry points name what exists, or why it does not", async () => {
  const exists = await known();
  const wrong = [...methods, ...functions].flatMap((row) =>
    COLUMNS.flatMap((column) => {
      const cell = row[column] ?? "";
      const bad = namesIn(cell).filter((name) => !exists[column]?.(name));
      const hasReason = cell !== "" && cell !== "no" && cell !== "-";
      return hasReason && (bad.length === 0 || cell.startsWith("no: ")) ? [] : [[column, cell]];
    })
  );
  assertEquals(wrong, []);
});

Deno.test("the tables of entry points deny no name that exists", async () => {
  const exists = await known();
  const denied = [...methods, ...functions].flatMap((row) =>
    namesIn(row.method ?? row.function ?? "").flatMap((name) => {
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const names = [name, snake, snake.replaceAll("_", " ")];
      return Object.keys(exists).filter((column) =>
        row[column]?.startsWith("no: ") && names.some((each) => exists[column]!(each))
      ).map((column) => `${name}: ${column}`);
    })
  );
  assertEquals(denied, []);
});

Deno.test("the tables of entry points have the routes of the rows, and every tool", () => {
  for (const { method, HTTP } of methods) {
    const { route } = METHODS[namesIn(method!)[0] as keyof typeof METHODS];
    if (route !== undefined) assertEquals(namesIn(HTTP!)[0], route.id);
  }
  const named = new Set([...methods, ...functions].flatMap(({ MCP }) => namesIn(MCP!)));
  const tools = toolsOf({ allowDelete: true }).map(({ name }) => name);
  assertEquals(tools.filter((name) => !named.has(name)), []);
});

const sources = await Promise.all(
  (await sourceFiles(["explorer/src"])).filter((path) => path.endsWith(".ts")).map(read),
);

/** True if the explorer sends requests to a route: the end of its path, with its method near it. */
function isAsked({ path, method }: { path: string; method: string }): boolean {
  const within = /^\/artifacts\/:name(?:\/versions\/:version)?/.exec(path)?.[0] ?? "";
  const ends = path.slice(within.length).replace(/\{.*\}/, "").split("/").filter(Boolean)
    .map((part) => part.startsWith(":") ? "\\$\\{[^`]*?\\}" : part);
  const call = within.endsWith(":version") ? "versionPath\\(" : "namePath\\(";
  const before = within === "" ? '[`"/}]' : "/"; // not the same path below another one
  const asked = new RegExp(ends.length === 0 ? call : `${before}${ends.join("/")}["\`?]`, "g");
  return sources.some((text) =>
    [...text.matchAll(asked)].some(({ index }) =>
      method === "GET" || text.slice(index, index + 600).includes(`method: "${method}"`)
    )
  );
}

Deno.test("the column of the explorer has words of its page, and denies nothing that it does", async () => {
  const routes = createApp(await openRegistry("memory:"), {}).routes;
  const visible = sources.join("\n");
  for (const row of [...methods, ...functions]) {
    const { explorer = "", HTTP = "" } = row;
    const words = Array.from(explorer.matchAll(/_([^_]+)_/g), ([, word]) => word!);
    const isShown = (word: string) => new RegExp(`[>"\\s]${word}[<"\\s]`).test(visible);
    assertEquals(words.filter((word) => !isShown(word)), [], explorer);
    const isDenied = explorer.startsWith("no: ");
    assertEquals(words.length === 0, isDenied, explorer);
    const [id] = HTTP.includes(":") ? [] : namesIn(HTTP);
    const route = routes.find((route) => route.id === id);
    if (isDenied && route !== undefined) assertEquals([id, isAsked(route)], [id, false]);
  }
});
