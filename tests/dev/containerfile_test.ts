// The recipe of the container image. No image is built here.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { REPOSITORY } from "../support/run_deno.ts";

const recipe = await Deno.readTextFile(join(REPOSITORY, "Containerfile"));
const lines = recipe.replace(/\\\n/g, "").split("\n").filter((line) => !/^(#|$)/.test(line));

Deno.test("the container image runs as a user, with the versions that this repository uses", async () => {
  const instructions = lines.map((line) => line.split(" ")[0]);
  assertEquals(new Set(instructions).size < instructions.length, true);
  assert(lines.indexOf("USER node") < lines.findIndex((line) => line.startsWith("ENTRYPOINT")));
  const bases = lines.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? []);
  assertEquals(new Set(bases), new Set(["docker.io/library/node:22-slim"]));
  const [, deno] = /deno@([\d.]+) task npm/.exec(recipe) ?? [];
  const install = await Deno.readTextFile(join(REPOSITORY, "docs/install.md"));
  assert(deno !== undefined && install.includes(`deno@${deno} task npm`), deno);
  assert(Object.hasOwn(manifest.tasks, "npm"));
  const sources = await Promise.all(
    ["backends/s3.ts", "backends/gcs.ts"].map((path) => Deno.readTextFile(join(REPOSITORY, path))),
  );
  const packages = recipe.match(/@(aws-sdk|google-cloud)\/[\w-]+@\d+/g) ?? [];
  assertEquals(packages.length, sources.length);
  for (const name of packages) {
    const wanted = `npm:${name.replace(/@(\d+)$/, "@^$1")}`;
    assert(sources.some((source) => source.includes(wanted)), wanted);
  }
});

Deno.test("the container copies what the build stage has, and starts with known options", async () => {
  const copies = lines.flatMap((line) =>
    /^COPY (?:--from=(\w+) )?(\S+)/.exec(line)?.slice(1) ?? []
  );
  assertEquals(copies, [undefined, ".", "build", "/package/*.tgz"]);
  assert(/task npm --out \/package$/m.test(recipe));
  const command = JSON.parse(/^CMD (.*)$/m.exec(recipe)?.[1] ?? "");
  const source = await Deno.readTextFile(join(REPOSITORY, "apps/cli/services/serve_options.ts"));
  for (const option of command.filter((word: string) => word.startsWith("--"))) {
    assert(source.includes(`"${option} <`), option);
  }
  const ignored = await Deno.readTextFile(join(REPOSITORY, ".dockerignore"));
  assert(ignored.split("\n").includes(".git"));
});
