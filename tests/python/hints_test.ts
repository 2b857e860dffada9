// Errors of the Python package: each is a HoldfastError, with a hint for Python programs.
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { checkAlias } from "../../core/naming/refs.ts";
import { openRegistry, RegistryError } from "../../mod.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { sourceFiles } from "../support/source_files.ts";
import { python, pythonTest, runProgram, served } from "./reader.ts";

/** Calls of a program, and the code and the hint of each error. */
const CASES: [call: string, code: string, hint: RegExp][] = [
  ["connect(url).load('a')", "Denied", /token=.*HOLDFAST_TOKEN/],
  ["connect(url).save('a', 1)", "Denied", /token=/],
  ["connect(only_a, token=token).save('b', 1)", "Denied", /token=/],
  ["service.load('none')", "NotFound", /names\(\)/],
  ["service.load('a@9')", "NotFound", /versions\(name\)/],
  ["service.load('a@none')", "NotFound", /aliases\(name\)/],
  ["service.history('a', 'none')", "NotFound", /aliases\(name\)/],
  ["service.annotate('none', labels={'a': 1})", "NotFound", /names\(\)/],
  ["service.annotate('a', odd='1')", "Invalid", /^Pass only ref, notes, labels\.$/],
  ["service.set_alias('a', 'b', '1', expectd='1')", "Invalid", /^Pass `expected`\.$/],
  ["service.load('a', verify='none')", "Invalid", /every file is checked/],
  ["service.save('a', 1, materializer='b')", "Invalid", /@holdfast\.serializer/],
  ["service.run('a', config={})", "Invalid", /^Pass `params`\.$/],
  ["service.run('a', project='x')", "Invalid", /into `name`/],
  ["service.save('a', 1, aliases=['b'])", "Invalid", /^Pass `alias`\.$/],
  ["service.undelete('a')", "Invalid", /deleted\("a"\)/],
  ["service.undelete('a@^1')", "Invalid", /"a@1\.0\.0"/],
  ["service.run('a', params={'x': 'y' * 40000})", "Invalid", /artifact/],
  ["service.save('b', 1, metadata={'x': 'y' * 80000})", "Invalid", /version of its own/],
  ["service.set_alias('a', 'x/y', '1')", "Invalid", /load, open or download/],
  [
    "service.run()",
    "Invalid",
    /^Call it as run\(name, \*, params=None, tags=None, id=None, system=False\)\.$/,
  ],
  [
    "service.open('a', 'b')",
    "Invalid",
    /^Call it as open\(ref, \*, as_of=None, signed_by=None\)\.$/,
  ],
  ["folder.run('a')", "Unsupported", /holdfast\.connect/],
  ["folder.runs()", "Unsupported", /holdfast\.connect/],
  ["service.delete('a@1.0.0')", "Conflict", /force=True/],
  ["service.save('a', 1, on_conflict='x')", "Invalid", /fail, skip, overwrite/],
  ["service.save('a', 1, compress='x')", "Invalid", /gzip, zstd/],
  ["service.save('a', 1, version='1.0.0')", "AlreadyExists", /version/],
  ["service.save('a', 1, metadata=[1])", "Invalid", /dict/],
  ["service.save(3, 1)", "Invalid", /as str/],
  ["service.save(['a'], [1])", "Invalid", /^Call save_many\.$/],
  ["service.load(['a'])", "Invalid", /^Call load_many\.$/],
  [
    "service.load('a', signed_by=3)",
    "Invalid",
    /^Pass `signed_by` as str \| Path \| list\[str \| Path\] \| None\.$/,
  ],
  ["connect('./folder')", "Invalid", /open_registry/],
  ["Registry()", "Invalid", /holdfast\.service/],
  ["service.load(service.open('a'))", "Invalid", /\.ref/],
  ["service.open('a', as_of='2020')", "Invalid", /datetime/],
  ["connect(url + '/x', token=token).names()", "Unsupported", /URL/],
  ["connect(url + '/artifacts/a', token=token).load('a')", "Unsupported", /URL/],
  ["connect(page).load('a')", "Unsupported", /URL/],
  ["connect(page + '/json').load('a')", "Unsupported", /URL/],
  ["connect('http://127.0.0.1:1', timeout=0.1).save('a', 1)", "Unavailable", /URL/],
  ["connect('http://none.invalid', timeout=0.1).save('a', 1)", "Unavailable", /URL/],
  ["connect('https://127.0.0.1:' + tls_port).names()", "Denied", /SSL_CERT_FILE/],
  ["open_registry('none')", "NotFound", /holdfast\.service\(registry=/],
  ["open_registry('s3:bucket/models')", "Invalid", /s3:\/\/bucket/],
  ["open_registry('gs//bucket')", "Invalid", /gs:\/\/bucket/],
  ["open_registry('localhost:8600')", "Invalid", /http:\/\/localhost:8600/],
  ["open_registry('http:host')", "Invalid", /http:\/\/host:8600/],
  ["open_registry('team:models')", "Invalid", /\.\/team:/],
  ["files('s3:bucket/models')", "Invalid", /s3:\/\/bucket/],
  ["folder.download('a', 's3://bucket/models')", "Invalid", /folder on this machine/],
  ["folder.load('a@^^')", "Invalid", /name@/],
  ["folder.versions('a', '^^')", "Invalid", /Write/],
  ...["service", "folder"].flatMap((registry) =>
    ["open('a@2026-11-20')", "load('a@2026-11')", "download('a@2026-11-20T10:00Z', 'to')"].map((
      call,
    ): [string, string, RegExp] => [`${registry}.${call}`, "Invalid", /as_of=datetime/])
  ),
  ["files(place, fresh_for='x')", "Invalid", /as float/],
  ["files(place, fresh_for=-1)", "Invalid", /0 or more/],
  ["files(place, fresh_for=float('nan'))", "Invalid", /0 or more/],
  ["files(regsitry=place)", "Invalid", /^Pass registry\.$/],
  ["files(place, tokn='x')", "Invalid", /^Pass token\.$/],
  ["files(place, password='x')", "Invalid", /registry, fresh_for, token/],
  ["service.save('a', 1, metadata={'a': 10**5000})", "Invalid", /str\(value\)/],
  ["folder.open('t').file().json()", "Corrupt", /read\(\)/],
  [
    "folder.open('a').path()",
    "(Unavailable|Denied)",
    /Set HOLDFAST_PYTHON_CACHE to a writable folder/,
  ],
  ["folder.download('a', 'to', 'odd')", "Invalid", /links=/],
  ["folder.download('a', sys.executable + '/to')", "(Unavailable|Denied)", /permissions/],
  ...["save('a', 1)", "publish('b', {})", "set_alias('a', 'b', '1')", "delete('a@1')"].map((
    call,
  ): [string, string, RegExp] => [`folder.${call}`, "Unsupported", /\[cli\].*holdfast\.connect/]),
];

const PROGRAM = `
import http.server, json, ssl, sys, threading
from holdfast import HoldfastError, Registry, connect, open_registry
from holdfast.filesystem import HoldfastFileSystem as files

url, only_a, token, place, tls_port, page = sys.argv[1:7]
service, folder = connect(url, token=token), open_registry(place)
for call in json.loads(sys.argv[7]):
    try:
        found = eval(call)
        print(json.dumps(["returned", str(list(found)), call]))
    except HoldfastError as error:
        print(json.dumps([error.code, error.hint, error.message]))
`;

pythonTest("errors have hints for Python, not for HTTP or the command line", async (root) => {
  const place = root.join("registry");
  await using registry = await openRegistry(place, { cache: false });
  await registry.save("a", 1);
  await registry.setAlias("a", "used", "1.0.0");
  await registry.save("t", "text");
  await using service = served(registry, ["read:*", "write:*"]);
  await using onlyA = served(registry, ["read:*", "write:a"]);
  const pem = (name: string) =>
    Deno.readTextFile(join(REPOSITORY, `tests/support/certificates/${name}.pem`));
  const [cert, key] = await Promise.all([pem("server"), pem("server_key")]);
  await using tls = Deno.serve(
    { port: 0, hostname: "127.0.0.1", cert, key, onListen() {} },
    () => new Response(),
  );
  await using proxy = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ url }) =>
      url.includes("/json/")
        ? Response.json({ message: "no Route matched" }, { status: 404 })
        : new Response("<h1>404</h1>", { status: 404, headers: { "content-type": "text/html" } }),
  );
  const page = `http://127.0.0.1:${proxy.addr.port}`;
  const calls = JSON.stringify(CASES.map(([call]) => call));
  const args = [
    service.location,
    onlyA.location,
    service.token!,
    place,
    `${tls.addr.port}`,
    page,
    calls,
  ];
  const lines = await runProgram(PROGRAM, {
    args,
    cwd: root.path,
    env: { HOLDFAST_PYTHON_CACHE: `${python}/x` },
  });
  for (const [i, [call, code, pattern]] of CASES.entries()) {
    const [found, hint, message] = JSON.parse(lines[i]!);
    assertMatch(found, new RegExp(`^${code}$`), `${call}: ${hint}`);
    assertMatch(hint, pattern, call);
    assert(!/(GET|PUT|POST|DELETE) \/|Authorization|\?force|openapi|--/.test(hint), hint);
    assertMatch(message, /^Cannot .+: /, call);
  }
});

/** The hints in the sources of what a service calls, with names for what they compute. */
async function hintsOfServices(): Promise<string[]> {
  const paths = await sourceFiles(["core", "registry", "disk", "materializers", "extensions"]
    .concat("apps/server"));
  const sources = await Promise.all(paths.map((path) => Deno.readTextFile(join(REPOSITORY, path))));
  const STRING = /"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`|'([^'\n]*)'/g;
  const HINT = new RegExp(`\\bhint\\s*[:=]\\s*(?:\\s*(?:${STRING.source})\\s*\\+?)+`, "g");
  const hints = sources.flatMap((text) => Array.from(text.matchAll(HINT), ([hint]) => hint));
  return hints.map((hint) =>
    Array.from(hint.matchAll(STRING), ([, a, b, c]) => a ?? b ?? c).join("")
      .replaceAll(/\$\{[^}]*\}/g, '"aB"')
  );
}

const FOREIGN = /\b(GET|PUT|POST|PATCH|DELETE) |\w\(.*\{|\b[a-z]+[A-Z]\w*|\bawait |: true|\s--\w/;

const TRANSLATED = `
import json, sys
from holdfast.client.reasons import in_python

for hint in json.load(open("hints.json")):
    print(json.dumps(in_python(hint, "Invalid")))
`;

pythonTest("no hint of a service speaks TypeScript or HTTP to Python", async (root) => {
  const hints = await hintsOfServices();
  assert(hints.length > 300, `${hints.length}`);
  await Deno.writeTextFile(root.join("hints.json"), JSON.stringify(hints));
  const lines = await runProgram(TRANSLATED, { cwd: root.path });
  const shown = lines.map((line) => JSON.parse(line) as string);
  assertEquals(shown.filter((hint) => FOREIGN.test(hint.replaceAll('"aB"', ""))), []);
  const kept = shown.filter((hint, i) => hint === hints[i]);
  assert(kept.length > hints.length / 2, "most hints speak of no language");
});

const WORDS = `
import holdfast

registry = holdfast.connect("http://127.0.0.1:1")
for owner in (holdfast, registry, holdfast.Run, holdfast.Artifact):
    made = owner.__new__(owner) if isinstance(owner, type) else owner
    for word in ("log_artifact", "init", "config", "start_run", "log_metric", "list_objects",
                 "LocalRegistryBackend", "S3RegistryBackend", "RegistryObjectNotFound", "none"):
        try:
            getattr(made, word)
            print("found", owner, word)
        except AttributeError as error:
            is_told = ". Call " in str(error) or ". Pass " in str(error) or ". Catch " in str(error)
            if is_told == (word == "none") or error.name != word:
                print(error)
    assert not hasattr(made, "log_params")
print("end")
`;

pythonTest("methods of other trackers lead to those of the package", async () => {
  assertEquals(await runProgram(WORDS), ["end"]);
});

const AST = `
import ast, pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    for node in ast.walk(ast.parse(path.read_text())):
        is_error = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "HoldfastError"
        if is_error and len(node.args) < 3 and path.name != "errors.py":
            print(f"{path.name}:{node.lineno} has no hint")
`;

pythonTest("each error of the package is written with a hint", async () => {
  assertEquals(await runProgram(AST, { args: [join(REPOSITORY, "python/holdfast")] }), [""]);
});

const WRONG_ALIASES = ["latest", "v1", "1.0.0", "^1", "2.x", ">=1 <2", "a/b"];

pythonTest("an alias that cannot be set is refused for the reason of the library", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const program = `
import json, sys
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
for alias in json.loads(sys.argv[3]):
    try:
        registry.save("a", 1, alias=alias)
    except holdfast.Invalid as error:
        print(error.message.split(": ", 1)[1])
`;
  const args = [service.location, service.token!, JSON.stringify(WRONG_ALIASES)];
  const reasons = WRONG_ALIASES.map((alias) => {
    const { message } = assertThrows(() => checkAlias(alias), RegistryError);
    return message.slice(message.indexOf(": ") + 2);
  });
  assertEquals(await runProgram(program, { args, cwd: root.path }), reasons);
});

pythonTest("a registry that is read from its store refuses what needs a service", async () => {
  const program = `
import holdfast
from holdfast.stored_registry import StoredRegistry

public = (name for name in dir(holdfast.ServiceRegistry) if not name.startswith("_"))
print([name for name in public if not hasattr(StoredRegistry, name)])`;
  // a store has no token
  assertEquals(await runProgram(program), ["['token']"], "add it to the lines of StoredRegistry");
});
