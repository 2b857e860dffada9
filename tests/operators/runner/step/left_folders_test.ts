import { assertEquals } from "@std/assert";
import { realSystem, silentLogger } from "../../../../core/system.ts";
import { removeLeft, thisProcess } from "../../../../operators/runner/left_folders.ts";
import { testInRoot } from "../../../support/temp_root.ts";

testInRoot(
  "folders of steps are removed when their process is gone, and no others",
  async (root) => {
    const self = thisProcess();
    const machine = self.slice(self.indexOf("."));
    const child = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" })
      .spawn();
    await child.status;
    const gone = `${child.pid}${machine}`;
    const folders = [
      `1/clean-0000000a-${gone}`,
      `2/clean-0000000b-${gone}`,
      `2/clean-0000000c-${self}`,
    ];
    folders.push(`3/clean-0000000d-${child.pid}.00000000`, `4/clean-0000000e`, "5");
    for (const folder of folders) Deno.mkdirSync(root.join(folder, "output"), { recursive: true });
    Deno.writeTextFileSync(root.join(folders[0], "output", "half"), "");
    const context = { logger: silentLogger, system: realSystem };
    await removeLeft(root.path, context);
    const left = [...Deno.readDirSync(root.path)].flatMap(({ name }) =>
      [...Deno.readDirSync(root.join(name))].map((entry) => `${name}/${entry.name}`)
    );
    assertEquals(left.sort(), [...folders.slice(2, 5), "5/output"]);
    assertEquals([...Deno.readDirSync(root.path)].map(({ name }) => name).sort(), [
      "2",
      "3",
      "4",
      "5",
    ]);
    await removeLeft(root.join("nowhere"), context);
  },
);
