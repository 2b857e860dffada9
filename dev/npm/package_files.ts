// The files of the npm package: each source file as JavaScript, and the declarations of what users
// can import.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "@std/path";
import ts from "npm:typescript@~5.9";
import { REPOSITORY } from "../../tests/support/run_deno.ts";

export interface PackageFile {
  path: string;
  text: string;
}

export interface Translated extends PackageFile {
  files: string[];
  /** The packages of npm that it imports, as `npm:` says them: `hono@^4.13`. */
  packages: string[];
  /** Imported packages that the archive contains, as one file each: `@std/path`. */
  vendored: string[];
}

/** Packages of npm that go along too: this one would install two clients of Redis. */
const VENDORED: readonly string[] = ["@tus/server"];

/** Large packages that few programs need. An error at the first use names the missing one. */
export const OPTIONAL: readonly string[] = [
  "@aws-sdk/client-s3",
  "@google-cloud/storage",
  "@modelcontextprotocol/server",
  "bullmq",
  "ioredis",
  "pg",
];

/** The module that holds the optional packages that were loaded. */
const LOADED = "holdfast:optional";

/** Entry points that import their package themselves. Parts of the library load `.lazy.js`. */
const DRIVERS = ["backends/s3.ts", "backends/gcs.ts"];

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022, // Node 22 has no `using`
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  strict: true,
};

/** Programs of threads are loaded by their URL. */
const PROGRAM =
  /(?<=new URL\("\.[^"]*)\.ts(?=", import\.meta\.url\))|(?<=import\.meta\.resolve\("\.[^"]*)\.ts(?="\))/g;

/** An import that only pins a version for Deno's lock file. */
const PIN = /^import "npm:.*\n/gm;

export function toJavaScript(path: string, source: string): Translated {
  const { outputText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: { ...OPTIONS, removeComments: true },
  });
  const text = withLiteralParts(path, outputText.replace(PROGRAM, ".js").replace(PIN, ""));
  const loaded = DRIVERS.includes(path) ? text : withLoadedPackages(text);
  const own = path.endsWith(".lazy.ts") // threads import the driver itself
    ? loaded.replaceAll("import.meta.url", 'import.meta.url?.replace(".lazy.", ".")')
    : loaded;
  return translated(path, compact(own), ".js");
}

const PART = /\bloadPart\(\s*(?:"(\.[^"]+\.ts)"|`\.\/\$\{file\}\.ts`),\s*import\.meta\.url\s*\)/g;

/** Makes the imports of parts literal, which bundlers follow. Deno would download their packages. */
function withLiteralParts(path: string, text: string): string {
  if (path === "core/urls/load_part.ts") {
    return text.replace(/load = \(\) => import\([^;]*?\.href\)/, "load");
  }
  return text.replace(PART, (_, part?: string) => {
    if (part !== undefined) {
      return `loadPart("${part}", "", ${importOf(path, part)})`;
    }
    const ids = text.matchAll(/\{ id: "(\w+)"(?:[^}]*?file: "(\w+)")?/g);
    const files = new Set(Array.from(ids, ([, id, file = id]) => file));
    const imports = Array.from(files, (file) => `${file}: () => import("./${file}.ts")`);
    return `loadPart(\`./\${file}.ts\`, "", { ${imports.join(", ")} }[file])`;
  });
}

/** Bundlers accept that a package is missing if its import is inside `try`. */
function importOf(from: string, specifier: string): string {
  const path = join(dirname(from), specifier);
  const loads = optionalPackages(path).map(({ name, npm, before }) => {
    const first = before.map((file) => `await import("${relativeTo(from, file)}"); `);
    return `try { ${first.join("")}const { packages } = await import("${LOADED}"); ` +
      `packages["${name}"] = await import("${npm}"); } catch (cause) { throw cause; }`;
  });
  const target = DRIVERS.includes(path) ? specifier.replace(/\.ts$/, ".lazy.ts") : specifier;
  return `async () => { ${loads.join(" ")} return await import("${target}"); }`;
}

interface OptionalPackage {
  /** With the path in the package: `@modelcontextprotocol/server/stdio`. */
  name: string;
  /** As it is imported: `npm:bullmq@^6`. */
  npm: string;
  /** Files that are imported before it. */
  before: string[];
}

/** Returns the optional packages that a file and its static imports need. */
function optionalPackages(path: string): OptionalPackage[] {
  const found = new Map<string, OptionalPackage>();
  const reached = new Set([path]);
  for (const file of reached) {
    const before: string[] = [];
    const source = readFileSync(join(REPOSITORY, file), "utf8");
    for (const [, specifier = ""] of source.matchAll(IMPORT)) {
      const [, name = "", , rest = ""] = NPM.exec(specifier) ?? [];
      if (/^\..*\.ts$/.test(specifier)) {
        before.push(join(dirname(file), specifier));
        reached.add(before.at(-1)!);
      } else if (OPTIONAL.includes(name) && !found.has(name + rest)) {
        found.set(name + rest, { name: name + rest, npm: specifier, before: [...before] });
      }
    }
  }
  return [...found.values()];
}

const NPM = /^npm:((?:@[^/]+\/)?[^/@]+)@([^/]+)(\/.*)?$/;
const IMPORT = /^(?:import|export) (?!type\b)(?:[^;"]*? from )?"([^"]+)"/gm;

/** Takes optional packages from the module that holds them: an import of a missing one fails builds. */
function withLoadedPackages(text: string): string {
  let isFirst = true;
  return text.replace(
    /^import (?:\* as (\w+)|(\w+)|(\{[^}]*\})) from "(npm:[^"]+)";/gm,
    (statement, all?: string, initial?: string, names?: string, npm = "") => {
      const [, name = "", , rest = ""] = NPM.exec(npm) ?? [];
      if (!OPTIONAL.includes(name)) return statement;
      const target = all ?? (initial ? `{ default: ${initial} }` : names!.replaceAll(" as ", ": "));
      const start = isFirst ? `import { packages } from "${LOADED}"; ` : "";
      isFirst = false;
      return `${start}const ${target} = packages["${name}${rest}"];`;
    },
  );
}

/** A token that is separate from its neighbors without a space. */
const PUNCTUATION = /^(?:[,;:?(){}[\]<>=&|]|=>|[=!]==?|&&|\|\||\?\?|[<>]=)$/;

/** Returns JavaScript with the spaces and line breaks between its tokens that it needs. */
function compact(text: string): string {
  const source = ts.createSourceFile("a.js", text, ts.ScriptTarget.ES2022);
  let compacted = "", last = ";", end = 0;
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source);
    if (children.length > 0) return children.forEach(visit);
    const token = node.getText(source);
    if (token === "") return;
    const gap = text.slice(end, node.getStart(source));
    const isSeparate = gap === "" || PUNCTUATION.test(last) || PUNCTUATION.test(token);
    compacted += (gap.includes("\n") ? "\n" : isSeparate ? "" : " ") + token;
    [last, end] = [token, node.end];
  };
  visit(source);
  return `${compacted}\n`;
}

export function toDeclarations(path: string, source: string): Translated {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { ...OPTIONS, declaration: true, isolatedDeclarations: true },
  });
  // A type that other files determine becomes any.
  const [problem] = /: any(\[\])*[,;)]/.test(outputText) ? diagnostics : [];
  if (problem !== undefined) {
    const line = source.slice(0, problem.start).split("\n").length;
    const state = ts.flattenDiagnosticMessageText(problem.messageText, " ");
    throw new Error(`Cannot declare what users see: ${path}:${line}: ${state}`);
  }
  const declared = withoutUnused(withLibraries(withoutTwice(outputText)));
  return translated(path, declared, ".d.ts");
}

const NAMED_IMPORT = /^import (?:type )?(\w+, )?\{([^}]*)\} from "[^"]+";\n/gm;

/** Drops imports of values that declarations do not name: other files would be declared for them. */
function withoutUnused(text: string): string {
  const rest = text.replace(NAMED_IMPORT, "");
  return text.replace(NAMED_IMPORT, (statement, initial: string | undefined, names: string) => {
    const isUsed = names.split(",").map((name) => name.trim().replace(/^.* /, ""))
      .some((name) => name !== "" && new RegExp(`\\b${name}\\b`).test(rest));
    return isUsed || initial !== undefined ? statement : "";
  });
}

/** TypeScript declares a method such as `[Symbol.iterator]()` of a class twice where it sees no other file. */
function withoutTwice(text: string): string {
  return text.replace(
    /(?: *\/\*\* [^\n]* \*\/\n)? *\[Symbol\.(?:asyncDispose|iterator)\]: \(\) => [^\n]*;\n/g,
    "",
  );
}

/** Names that only the newest JavaScript has: users may have chosen an older library. */
const LIBRARIES: [uses: RegExp, library: string][] = [
  [/\bFloat16Array\b/, "esnext.float16"],
  [/\bAsyncDisposable\b|\bSymbol\.(?:asyncD|d)ispose\b/, "esnext.disposable"],
];

function withLibraries(text: string): string {
  const needed = LIBRARIES.filter(([uses]) => uses.test(text));
  return needed.map(([, library]) => `/// <reference lib="${library}" />\n`).join("") + text;
}

/** Returns the path of a file in the package, which has no folder of tests. */
export function placeOf(path: string): string {
  return path.replace(/^tests\/conformance\//, "testing/").replace(
    /^tests\/simulate\//,
    "testing/simulate/",
  );
}

/** @param specifier `@std/path` or `npm:@tus/server@^2.4` */
export function placeOfVendored(specifier: string): string {
  const name = specifier.replace(/^npm:(.+)@.*$/, "$1");
  return `vendor/${name.replace("@", "").replaceAll("/", "_")}.js`;
}

function translated(path: string, text: string, extension: ".js" | ".d.ts"): Translated {
  const files = new Set<string>(), packages = new Set<string>(), vendored = new Set<string>();
  const place = placeOf(path);
  const rewrite = (specifier: string) => {
    if (specifier === LOADED) return relativeTo(place, "vendor/optional.js");
    if (specifier.startsWith(".")) {
      const target = join(dirname(path), specifier);
      if (target === "deno.json") return relativeTo(place, "package.json");
      files.add(target);
      return relativeTo(place, placeOf(target).replace(/\.ts$/, ".js"));
    }
    const npm = NPM.exec(specifier);
    if (npm !== null && !VENDORED.includes(npm[1])) {
      const [, name, version, rest] = npm;
      packages.add(`${name}@${version}`);
      return `${name}${rest ?? ""}`;
    }
    if (npm === null && !specifier.startsWith("@std/")) return specifier;
    vendored.add(specifier);
    return relativeTo(place, placeOfVendored(specifier));
  };
  let rewritten = "", end = 0;
  for (const { fileName: specifier, pos } of ts.preProcessFile(text, true, true).importedFiles) {
    rewritten += text.slice(end, pos) + JSON.stringify(rewrite(specifier));
    end = pos + specifier.length + 2; // its quotes
  }
  return {
    path: place.replace(/\.ts$/, extension),
    text: rewritten + text.slice(end),
    files: [...files],
    packages: [...packages],
    vendored: [...vendored],
  };
}

function relativeTo(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}
