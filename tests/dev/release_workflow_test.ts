import { assertEquals } from "@std/assert";
import { parse } from "npm:yaml@^2.9";

interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, {
    needs?: string;
    permissions?: Record<string, string>;
    steps: { uses?: string; run?: string }[];
  }>;
}

Deno.test("the job that may publish runs no tests, and actions are pinned by digest", async () => {
  const text = await Deno.readTextFile(".github/workflows/release.yml");
  const { permissions, jobs } = parse(text) as Workflow;
  const all = Object.entries(jobs);
  const uses = all.flatMap(([, { steps }]) => steps.flatMap(({ uses }) => uses ?? []));
  assertEquals(uses.filter((action) => !/@[0-9a-f]{40}$/.test(action)), []);
  const publishing = all.filter(([, job]) => job.permissions?.["id-token"] === "write");
  assertEquals(publishing.map(([name, { needs }]) => [name, needs]), [["publish", "check"]]);
  const commands = publishing.flatMap(([, { steps }]) => steps.flatMap(({ run }) => run ?? []));
  assertEquals(commands.filter((command) => /sudo|\.ci\//.test(command)), []);
  assertEquals(permissions, { contents: "read" });
});
