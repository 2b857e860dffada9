import { assertStringIncludes } from "@std/assert";
import { REPOSITORY, runDeno } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";

const MODULE = `${REPOSITORY}core/errors.ts`;
const HINT = "Save it first.";

const PROGRAM = `
import { RegistryError } from ${JSON.stringify(MODULE)};
throw new RegistryError({ code: "NotFound", message: 'Cannot load "a": no such name', hint: "${HINT}" });
`;

Deno.test("an error that nobody caught shows its hint on Deno, and where it was thrown", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("program.ts"), PROGRAM);
  const { stderr } = await runDeno(root.join("program.ts"), []);
  assertStringIncludes(stderr, `RegistryError: Cannot load "a": no such name\n    hint: ${HINT}\n    at `);
  assertStringIncludes(stderr, "program.ts:3");
});

for (
  const [runtime, args] of [["Node", ["node@22", "node", "--experimental-strip-types"]], ["Bun", [
    "bun@1",
    "bun",
  ]]] as const
) {
  Deno.test(`an error that nobody caught shows its hint on ${runtime}`, async () => {
    await using root = await tempRoot();
    await Deno.writeTextFile(root.join("program.ts"), PROGRAM);
    const command = new Deno.Command("npx", { args: ["-y", "-p", ...args, root.join("program.ts")] });
    const { stderr } = await command.output();
    assertStringIncludes(new TextDecoder().decode(stderr), HINT);
  });
}
