// The files for the code host: workflows that may publish, release notes.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readFile, stat } from "node:fs/promises";
import { join } from "@std/path";
import { parse } from "npm:yaml@^2.9";
import { notesOf } from "../../dev/release/notes.ts";
import { REPOSITORY } from "../support/run_deno.ts";

interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, {
    needs?: string;
    permissions?: Record<string, string>;
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
