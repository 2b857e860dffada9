// Programs that update a copy of a version, after its alias has moved.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { localPath } from "../../../../mod.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { REPOSITORY } from "../../../support/run_deno.ts";
import { clients, missing, served } from "./served_clients.ts";

const AT = "holdfast/data:cells/@production";
const FILE = "in/ü + b.txt";

/** Commands that copy, and what they leave of a file whose bytes changed and whose size did not. */
const COPIES: [command: string, program: string, args: string[], left: string][] = [
  ["aws s3 cp --recursive", "aws", ["s3", "cp", "--recursive"], "next"],
  ["s5cmd cp", "s5cmd", ["cp"], "next"],
  ["aws s3 sync --exact-timestamps", "aws", ["s3", "sync", "--exact-timestamps"], "next"],
  ["aws s3 sync", "aws", ["s3", "sync"], "text"],
  ["s5cmd sync", "s5cmd", ["sync"], "text"],
  ["rclone copy", "rclone", ["copy"], "next"],
  ["rclone sync", "rclone", ["sync"], "next"],
  ["rclone sync --checksum", "rclone", ["sync", "--checksum"], "text"],
];

judgeTest("some programs keep files of the earlier version in a copy", missing, async () => {
  await using s3 = await served();
  const { run, registry, folder, root, url, bySecret } = s3;
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = bySecret;
  const rclone = [
    ...["--config=", "--s3-provider=Other", `--s3-endpoint=${url}`],
    ...[`--s3-access-key-id=${id}`, `--s3-secret-access-key=${secret}`],
  ];
  const copy = async (isCopied: (program: string) => boolean) => {
    for (const [command, program, args] of COPIES) {
      if (!isCopied(program)) continue;
      const to = command.replaceAll(" ", "_");
      if (program === "rclone") {
        await run("rclone", [...args, ...rclone, `:s3:${AT}`, to], {});
      } else {
        const from = program === "s5cmd" ? `s3://${AT}/*` : `s3://${AT}/`;
        await run(join(clients, "aws/bin", program), [...args, from, `${to}/`]);
      }
    }
  };
  await copy((program) => program !== "s5cmd"); // takes seconds, so the versions differ in time
  await Deno.writeTextFile(join(folder, FILE), "next");
  const { version } = await registry.save("data:cells", localPath(folder));
  await copy((program) => program === "s5cmd");
  await registry.setAlias("data:cells", "production", version);
  await copy(() => true);
  const left = COPIES.map(([command]) => {
    const copy = root.join(command.replaceAll(" ", "_"));
    return [command, Deno.readTextFileSync(join(copy, FILE))];
  });
  assertEquals(left, COPIES.map(([command, , , text]) => [command, text]));
  const text = await Deno.readTextFile(join(REPOSITORY, "docs/s3.md"));
  for (const [command] of COPIES) assertStringIncludes(text, `\`${command}\``);
});
