// Alerts and commands of docs/team.md, which operators copy.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { parse } from "npm:yaml@^2.9";
import { createServedGauges } from "../../apps/cli/services/serve_gauges.ts";
import { maintainedBy } from "../../apps/cli/program/maintained.ts";
import { EXTENSIONS } from "../../apps/extensions.ts";
import { createHandler, createToken, openTokenFile } from "../../apps/server.ts";
import { realSystem } from "../../core/system.ts";
import { openRegistry } from "../../mod.ts";
import { filledTest } from "../apps/captured_io.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { testInRoot } from "../support/temp_root.ts";

const page = await Deno.readTextFile(join(REPOSITORY, "docs/team.md"));

interface Alerts {
  groups: { rules: { alert: string; expr: string; for?: string }[] }[];
}

function blocksOf(language: string): string[] {
  return Array.from(
    page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs")),
    ([, text = ""]) => text,
  );
}

testInRoot("the alerts are about metrics that a service has", async (root) => {
  const file = root.join("tokens.json");
  const { token } = await createToken(file, { scopes: ["metrics"] });
  await using registry = await openRegistry(root.join("registry"));
  const gauges = createServedGauges(registry, {
    io: { system: realSystem } as never,
    maintained: maintainedBy(EXTENSIONS),
    certificateEndsAt: () => new Date(0),
  });
  const [tokens, audit] = [await openTokenFile(file), () => {}];
  await using handler = createHandler(registry, { tokens, gauges, audit });
  const headers = { authorization: `Bearer ${token}` };
  const text = await (await handler(new Request("http://localhost/metrics", { headers }))).text();
  const known = new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name));
  const { groups } = parse(blocksOf("yaml")[0]!) as Alerts;
  const rules = groups.flatMap(({ rules }) => rules);
  assert(rules.length >= 10);
  for (const { alert, expr } of rules) {
    const names = expr.match(/\bholdfast_\w+/g) ?? [];
    assertEquals(names.filter((name) => !known.has(name)), [], alert);
  }
  assertEquals(new Set(rules.map(({ alert }) => alert)).size, rules.length);
});

filledTest("the commands for a full disk free space at once", async (it) => {
  const [row = ""] = /^\| a disk is full .*$/m.exec(page) ?? [];
  const lines = Array.from(
    row.matchAll(/`holdfast ((?:prune|gc) [^`]*)`/g),
    ([, line = ""]) => line,
  );
  assertEquals(lines.length, 2, row);
  await it.succeeds("rules set * --keep-last 1 -q");
  await Deno.writeTextFile(it.root.join("second"), "of note");
  await it.succeeds("save note second -q");
  for (const line of lines) await it.succeeds(`${line} --yes`);
  const { out } = await it.holdfast("versions note --deleted -q");
  assertEquals(out.trim(), "", "none is left to restore");
});

filledTest("the nightly commands run, and each has a timer of its own", async (it) => {
  const lines = Array.from(
    page.matchAll(/^echo 'ARGS=(.*)' > (\w+)$/gm),
    ([, args = "", name = ""]) => ({
      name,
      line: args.replace("s3://bucket/team", ".holdfast").replace("/backup/team", "backup"),
    }),
  );
  const [, enabled = ""] = /holdfast-nightly@\{(.*?)\}\.timer/.exec(page) ?? [];
  assertEquals(lines.map(({ name }) => name), enabled.split(","));
  const env = { HOLDFAST_STATE: it.root.join("state") };
  for (const { line } of lines) await it.succeeds(line, { env });
  const { out } = await it.holdfast("doctor --no-probe --json", { env });
  for (const { name } of lines) assert(out.includes(`${name} 20`) || name === "verify", out);
  assert(out.includes("verify_shallow 20"), out);
});
