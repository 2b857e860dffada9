import { assertEquals } from "@std/assert";
import { denoSucceeds } from "../support/run_deno.ts";
import { testInRoot } from "../support/temp_root.ts";

testInRoot("the code of jpeg is loaded without a network, or is Denied", async (root) => {
  const program = root.join("program.ts");
  const module = new URL("../../formats/jpeg.ts", import.meta.url);
  const source = `import { jpeg } from "${module}";
    const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3, dtype: "uint8" };
    const written = Promise.resolve(jpeg({ lossy: true }).encode(image as never));
    console.log(await written.then(() => "written", ({ code }) => code));`;
  await Deno.writeTextFile(program, source);
  const flags = "--no-prompt --no-check --frozen --config=deno.json --cached-only --deny-net";
  const run = ["run", ...flags.split(" ")];
  assertEquals((await denoSucceeds([...run, program])).stdout, "Denied\n");
  assertEquals((await denoSucceeds([...run, "--allow-read", program])).stdout, "written\n");
});
