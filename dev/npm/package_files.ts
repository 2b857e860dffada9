// The files of the npm package: each source file as JavaScript, and the declarations of what users
// can import.
import { dirname, join, relative } from "@std/path";
import ts from "npm:typescript@~5.9";

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

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022, // Node 22 has no `using`
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  strict: true,
};

/** Programs of threads are loaded by their URL. */
const PROGRAM =
  /(?<=new URL\("\.[^"]*)\.ts(?=", import\.meta\.url\))|(?<=import\.meta\.resolve\("\.[^"]*)\.ts(?="\))/g;

export function toJavaScript(path: string, source: string): Translated {
  const { outputText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: { ...OPTIONS, removeComments: true },
  });
  return translated(path, compact(outputText.replace(PROGRAM, ".js")), ".js");
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
  return translated(path, withLibraries(withoutTwice(outputText)), ".d.ts");
}

/** TypeScript declares a method `[Symbol.asyncDispose]()` of a class twice where it sees no other file. */
function withoutTwice(text: string): string {
  return text.replace(
    /(?: *\/\*\* [^\n]* \*\/\n)? *\[Symbol\.asyncDispose\]: \(\) => Promise<void>;\n/g,
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
    if (specifier.startsWith(".")) {
      const target = join(dirname(path), specifier);
      if (target === "deno.json") return relativeTo(place, "package.json");
      files.add(target);
      return relativeTo(place, placeOf(target).replace(/\.ts$/, ".js"));
    }
    const npm = /^npm:((?:@[^/]+\/)?[^/@]+)@([^/]+)(\/.*)?$/.exec(specifier);
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
