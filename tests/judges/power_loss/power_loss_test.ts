import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";
import { partOfRun } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { isLong, judgeSeed, judgeTest } from "../judge_test_case.ts";
import { type DiskKind, diskProblem } from "./loop_disk.ts";
import type { PowerPlan, PowerReport } from "./lose_power.ts";

const ROUNDS: Record<DiskKind, number> = isLong ? { ext4: 500, xfs: 500 } : { ext4: 12, xfs: 8 };
const CONTROL_ROUNDS = 180;

for (const kind of partOfRun(["ext4", "xfs"] satisfies DiskKind[], 2)) {
  judgeTest(
    `a power cut loses nothing that was acknowledged with durability "disk" (${kind})`,
    diskProblem(kind),
    async () => {
      const { promised, broken } = await losePower({
        kind,
        durability: "disk",
        seed: judgeSeed,
        rounds: ROUNDS[kind],
      });
      assertEquals(broken, []);
      assert(promised > 5 * ROUNDS[kind], `only ${promised} were acknowledged`);
      console.log(`${promised} acknowledged in ${ROUNDS[kind]} power cuts`);
    },
  );

  const controls: Record<string, Pick<PowerPlan, "durability" | "withoutFolderSync">> = {
    'durability "os"': { durability: "os" },
    "no sync of folders": { durability: "disk", withoutFolderSync: true },
  };
  for (const [what, less] of Object.entries(controls)) {
    // it mostly writes their names with the next file's bytes
    if (kind === "xfs" && less.withoutFolderSync) continue;
    judgeTest(
      `a power cut loses something with ${what}, so that this can fail (${kind})`,
      diskProblem(kind),
      async () => {
        const { broken } = await losePower({
          kind,
          ...less,
          seed: judgeSeed,
          rounds: CONTROL_ROUNDS,
          untilBroken: true,
        });
        assert(broken.length > 0, "nothing was lost");
      },
    );
  }
}

async function losePower(plan: PowerPlan): Promise<PowerReport> {
  const root = await tempRoot();
  try {
    const program = join(REPOSITORY, "tests/judges/power_loss/lose_power.ts");
    const args = [
      "--mount",
      "--propagation",
      "private",
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      "--quiet",
      program,
    ];
    const command = new Deno.Command("unshare", {
      args: [...args, root.path, JSON.stringify(plan)],
      cwd: REPOSITORY,
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    if (!success) {
      throw new Error(`Cannot lose power: the program failed\n${decoder.decode(stderr)}`);
    }
    return JSON.parse(decoder.decode(stdout));
  } finally {
    await root.remove();
  }
}
