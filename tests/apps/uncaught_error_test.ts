import { assertEquals, assertStringIncludes } from "@std/assert";
import { inspect as nodeInspect } from "node:util";
import { RegistryError } from "../../core/errors.ts";
import { npxProgram } from "../dev/npm/npx_program.ts";
import { REPOSITORY, runDeno } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";

const MODULE = `${REPOSITORY}core/errors.ts`;
const HINT = "Save it first.";

const PROGRAM = `
import { RegistryError } from ${JSON.stringify(MODULE)};
throw new RegistryError({ code: "NotFound", message: 'Cannot load "a": no such name', hint: "${HINT}" });
`;

Deno.test("an uncaught error shows its hint on Deno, and its stack", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("program.ts"), PROGRAM);
  const { stderr } = await runDeno(root.join("program.ts"), []);
  assertStringIncludes(
    stderr,
    `RegistryError: Cannot load "a": no such name\n    hint: ${HINT}\n    at `,
  );
  assertStringIncludes(stderr, "program.ts:3");
});

Deno.test("Deno shows the hint of an error once, even of a nested one", () => {
  const below = new RegistryError({ code: "Denied", message: "Cannot y: z", hint: "Ask first." });
  const error = new RegistryError({
    code: "NotFound",
    message: "Cannot x: y",
    hint: HINT,
    cause: below,
  });
  for (const inspect of [Deno.inspect, nodeInspect]) {
    const shown = inspect([{ error }], { depth: 9 });
    assertEquals(shown.match(/Save it first\.|Ask first\./g)?.sort(), ["Ask first.", HINT], shown);
    assertStringIncludes(shown, "uncaught_error_test.ts");
  }
  assertStringIncludes(`${error.stack}`, `\n    hint: ${HINT}\n`); // as one that nobody caught is shown
});

for (
  const [runtime, name, ...flags] of [
    ["Node", "node@22", "--experimental-strip-types"],
    ["Bun", "bun@1"],
  ]
) {
  Deno.test(`an error that nobody caught shows its hint on ${runtime}`, async () => {
    await using root = await tempRoot();
    await Deno.writeTextFile(root.join("program.ts"), PROGRAM);
    const command = new Deno.Command(await npxProgram(name), {
      args: [...flags, root.join("program.ts")],
    });
    const { stderr } = await command.output();
    assertStringIncludes(new TextDecoder().decode(stderr), HINT);
  });
}
