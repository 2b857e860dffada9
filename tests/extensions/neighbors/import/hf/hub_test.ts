// `holdfast import hf hf://…`: what arrives from an endpoint, and what is refused.
import { assertEquals, assertMatch } from "@std/assert";
import { createHandler, listen } from "../../../../../apps/server.ts";
import { hub } from "../../../../../extensions/gateways/hub/hub.ts";
import { localPath, openRegistry } from "../../../../../mod.ts";
import { parseHubUrl } from "../../../../../extensions/neighbors/import/hf/read_hub.ts";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { reportLines } from "../report_lines.ts";

const COMMIT = "1".repeat(40), BLOB = "0a207c060e61f3b88eaee0a8cd0696f46fb155eb"; // of "a\nb"

async function imported(it: CliTest, endpoint: string, token?: string) {
  const env = { HF_ENDPOINT: endpoint, ...token !== undefined && { HF_TOKEN: token } };
  const { code, out, err } = await it.holdfast(
    "import hf hf://team/bert .holdfast --create --json",
    { env },
  );
  const lines = reportLines(out);
  return { code, err, problems: lines.slice(0, -1), report: lines.at(-1) };
}

/** Serves answers by their paths, and notes the tokens that arrive. */
function serve(answers: Record<string, unknown>) {
  const tokens: (string | null)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    tokens.push(request.headers.get("authorization"));
    const answer = answers[new URL(request.url).pathname];
    if (answer === undefined) return new Response("nothing", { status: 404 });
    if (answer instanceof Response) return answer.clone();
    return answer instanceof Uint8Array ? new Response(answer as BodyInit) : Response.json(answer);
  });
  return {
    tokens,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const FILE = { type: "file", path: "w", size: 3, oid: BLOB };
const repository = (over: Record<string, unknown> = {}) => ({
  "/api/models/team/bert/refs": { branches: [{ name: "main", targetCommit: COMMIT }], tags: [] },
  "/api/models/team/bert/commits/main": [{
    id: COMMIT,
    title: "first",
    date: "2026-01-01T00:00:00Z",
  }],
  [`/api/models/team/bert/tree/${COMMIT}`]: [FILE],
  [`/team/bert/resolve/${COMMIT}/w`]: new TextEncoder().encode("a\nb"),
  ...over,
});

cliTest("a repository of an endpoint arrives with its branches and tags", async (it) => {
  await using registry = await openRegistry("memory:");
  const folder = it.root.join("model");
  await writeTree(folder, { "config.json": "{}", "deep/a b#?.bin": new Uint8Array(100_000) });
  await registry.save("team/bert", localPath(folder), { alias: "production" });
  await writeTree(folder, { "config.json": '{"a":1}' });
  await registry.save("team/bert", localPath(folder));
  const server = await listen(createHandler(registry, { gateways: [hub] }), { port: 0 });
  try {
    const { code, report, err } = await imported(it, server.url);
    assertEquals([code, report?.versions, report?.files], [0, 2, 4], err);
    const again = await imported(it, server.url);
    assertEquals([again.report.versions, again.report.unchanged], [0, 2]);
    await it.prints("cat team/bert@production config.json", "{}");
    await it.prints("cat team/bert@main config.json", '{"a":1}');
    await it.prints("cat team/bert config.json", '{"a":1}');
  } finally {
    await server.stop();
  }
});

cliTest(
  "titles and dates are kept, files without LFS are checked, the token is sent",
  async (it) => {
    await using server = serve(repository());
    const { code, err } = await imported(it, server.url, "hf_secret");
    assertEquals([code, new Set(server.tokens)], [0, new Set(["Bearer hf_secret"])], err);
    const { metadata } = await it.json("info team/bert@main --json");
    assertEquals(metadata, {
      hub: "team/bert",
      commit: COMMIT,
      refs: ["main"],
      title: "first",
      date: "2026-01-01T00:00:00Z",
    });
  },
);

cliTest("a token is not sent to another host, nor are listings read there", async (it) => {
  await using other = serve({ "/x": [] });
  const redirect = () =>
    new Response(null, { status: 302, headers: { location: `${other.url}/x` } });
  const api = "/api/models/team/bert";
  const link = { headers: { link: `<${other.url}/x>; rel="next"` } };
  for (
    const [over, words] of [
      [{ [`${api}/refs`]: redirect() }, /redirected/],
      [{ [`${api}/tree/${COMMIT}`]: Response.json([FILE], link) }, /another host/],
      [{ [`/team/bert/resolve/${COMMIT}/w`]: redirect() }, /redirected/], // not https:
    ] as const
  ) {
    await using server = serve(repository(over));
    const { code, problems, err } = await imported(it, server.url, "hf_secret");
    assertEquals(code === 1 || code === 2, true, err);
    assertMatch(err + JSON.stringify(problems), words);
  }
  assertEquals(other.tokens, []);
  const refuses = { [`${api}/refs`]: new Response("no hf_secret", { status: 403 }) };
  await using server = serve(repository(refuses));
  const { err } = await imported(it, server.url, "hf_secret");
  assertMatch(err, /403 no …/);
});

const BROKEN: Record<string, [over: Record<string, unknown>, words: RegExp]> = {
  "content with another hash": [
    { [`/team/bert/resolve/${COMMIT}/w`]: new TextEncoder().encode("xyz") },
    /does not match its hash/,
  ],
  "a path out of the version": [
    { [`/api/models/team/bert/tree/${COMMIT}`]: [{ ...FILE, path: "../w" }] },
    /\.\./,
  ],
  "an entry without a hash": [
    { [`/api/models/team/bert/tree/${COMMIT}`]: [{ type: "file", path: "w", size: 3 }] },
    /without path, size or hash/,
  ],
  "a commit that is none": [
    { "/api/models/team/bert/refs": { branches: [{ name: "main", targetCommit: "../x" }] } },
    /is not a commit/,
  ],
};

for (const [what, [over, words]] of Object.entries(BROKEN)) {
  cliTest(`a broken answer is reported: ${what}`, async (it) => {
    await using server = serve(repository(over));
    const { code, problems, report } = await imported(it, server.url);
    assertEquals([code, report.versions], [1, 0]);
    assertMatch(problems.map(({ reason }) => reason).join("\n"), words);
  });
}

cliTest("wrong ids and endpoints are refused, and create nothing", async (it) => {
  for (const id of ["hf://", "hf://a/b/c", "hf://../b", "hf://a/b?x"]) {
    await it.fails(["import", "hf", id, "to", "--create"], 2, "not the id of a repository");
  }
  const env = { HF_ENDPOINT: "file:///etc" };
  await it.fails("import hf hf://team/bert to --create", 2, "HF_ENDPOINT", { env });
  await using server = serve({ "/api/models/team/bert/refs": new Response("<html>") });
  const at = { env: { HF_ENDPOINT: server.url } };
  await it.fails("import hf hf://team/bert to --create", 2, "not JSON", at);
  await it.fails("import hf hf://team/gone to --create", 3, "404", at);
  await it.fails("ls -r to", 3);
});

Deno.test("ids of repositories are parsed as the libraries do", () => {
  const ids = ["gpt2", "team/bert", "datasets/squad", "datasets/a/b", "spaces/a/b/"];
  const parsed = ids.map((id) => parseHubUrl(`hf://${id}`)).map(({ kind, id }) => `${kind} ${id}`);
  const expected = [
    "models gpt2",
    "models team/bert",
    "datasets squad",
    "datasets a/b",
    "spaces a/b",
  ];
  assertEquals(parsed, expected);
});
