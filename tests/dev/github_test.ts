// The files for the code host: workflows, reviewers, updates of dependencies, release notes.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { execFileSync } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "@std/path";
import { parse } from "npm:yaml@^2.9";
import { notesOf } from "../../dev/release/notes.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { sourceFiles } from "../support/source_files.ts";

interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, {
    needs?: string;
    permissions?: Record<string, string>;
    strategy?: { matrix: Record<string, string[]> };
    steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
  }>;
}

async function read(path: string): Promise<string> {
  return await readFile(join(REPOSITORY, path), "utf8");
}

async function workflow(name: string): Promise<Workflow> {
  return parse(await read(`.github/workflows/${name}.yml`)) as Workflow;
}

const commandsOf = ({ steps }: Workflow["jobs"][string]) => steps.flatMap(({ run }) => run ?? []);

Deno.test("actions are pinned by digest, and jobs may do only what they need", async () => {
  for (const name of ["ci", "newest", "release"]) {
    const { permissions, jobs } = await workflow(name);
    const uses = Object.values(jobs)
      .flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    assertEquals(uses.filter((action) => !/@[0-9a-f]{40}$/.test(action)), []);
    assertEquals(permissions, { contents: "read" });
  }
});

Deno.test("the jobs that may publish run no tests", async () => {
  const jobs = Object.entries((await workflow("release")).jobs);
  const writing = jobs.filter(([, { permissions = {} }]) =>
    Object.values(permissions).includes("write")
  );
  assertEquals(writing.map(([name, { needs }]) => [name, needs]), [
    ["publish", "check"],
    ["notes", "publish"],
  ]);
  const commands = writing.flatMap(([, job]) => commandsOf(job));
  assertEquals(commands.filter((command) => /sudo|\.ci\//.test(command)), []);
});

Deno.test("each folder has reviewers, and each line of the map is a path that exists", async () => {
  const lines = (await read(".github/CODEOWNERS")).split("\n")
    .filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(/ +/));
  for (const [path, ...teams] of lines) {
    assert(teams.length > 0 && teams.every((team) => /^@[\w-]+\/[\w-]+$/.test(team)), path);
    if (path !== "*") await stat(join(REPOSITORY, path!));
  }
  const paths = execFileSync("git", ["ls-files"], { cwd: REPOSITORY, encoding: "utf8" }).split(
    "\n",
  );
  const folders = new Set(
    paths.filter((path) => path.includes("/")).map((path) => path.split("/")[0]!),
  );
  const mapped = lines.flatMap(([path]) => path!.split("/")[1] ?? []);
  const general = ["decisions", "docs", "examples", "tests", "apps"]; // of the maintainers, or mapped by parts
  assertEquals(
    [...folders].filter((name) => !mapped.includes(name) && !general.includes(name)),
    [],
  );
});

Deno.test("updates find every package of npm, PyPI and Go that a file pins", async () => {
  const { customManagers } = JSON.parse(await read(".github/renovate.json"));
  const found = async (path: string) => {
    const text = await read(path);
    return customManagers.flatMap((manager: Record<string, string[]>) => {
      const isOf = manager.managerFilePatterns!.some((pattern) =>
        new RegExp(pattern.slice(1, -1)).test(path)
      );
      return isOf
        ? manager.matchStrings!.flatMap((pattern) =>
          Array.from(
            text.matchAll(new RegExp(pattern, "g")),
            ({ groups }) => `${groups!.depName ?? "deno"} ${groups!.currentValue}`,
          )
        )
        : [];
    });
  };
  for (const path of await sourceFiles(["core", "backends", "formats", "apps", "extensions"])) {
    const pinned = Array.from((await read(path)).matchAll(/from "npm:(@?[^@"]+)@([^/"]+)/g));
    const expected = pinned.map(([, name, version]) => `${name} ${version}`);
    const matched = await found(path);
    assertEquals(expected.filter((each) => !matched.includes(each)), [], path);
  }
  const run = await found(".ci/run");
  for (const name of ["numpy", "google-cloud-storage", "huggingface_hub", "schemathesis", "deno"]) {
    assert(run.some((each: string) => each.startsWith(`${name} `)), name);
  }
  const servers = await found("dev/servers/install_servers.ts");
  assert(servers.some((each: string) => each.startsWith("github.com/fsouza/fake-gcs-server v")));
  assert((await found(".github/workflows/ci.yml")).includes("deno 2.9.6"));
});

Deno.test("release notes have the section of the version, a line for each item, and whole links", () => {
  const changelog = `# Changelog

## 0.2.0 (2027-01-01)

### Added

- One idea that is
  long. See [the page](docs/a.md#b).
  - a part
- Two.

Text that is
long.

## 0.1.0 (2026-12-01)

- Old.
`;
  const files = "https://host/o/r/blob/c1";
  assertEquals(
    notesOf(changelog, "0.2.0", files),
    `### Added

- One idea that is long. See [the page](${files}/docs/a.md#b).
  - a part
- Two.

Text that is long.
`,
  );
  assertEquals(notesOf(changelog, "0.1.0", files), "- Old.\n");
  assertThrows(() => notesOf(changelog, "0.1", files), Error, "no such heading");
  assertThrows(() => notesOf(changelog, "0.3.0", files), Error, "no such heading");
});

Deno.test("the notes of the version of the package fit into a release", async () => {
  const { version } = JSON.parse(await read("deno.json"));
  const notes = notesOf(await read("CHANGELOG.md"), version, "https://host/o/r/blob/c1");
  assert(notes.length < 125_000); // more than that is refused
  const links = Array.from(notes.matchAll(/\]\(https:\/\/host\/o\/r\/blob\/c1\/([^)#]+)/g));
  assert(links.length > 10);
  for (const [, path] of links) await stat(join(REPOSITORY, path!));
});
