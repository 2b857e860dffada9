// Runs the judges from outside: `deno task judge` all of them, `deno task judge power_loss` those of one folder of
// `tests/judges`. Other words go to `deno test`.
import { REPOSITORY } from "../tests/support/run_deno.ts";

const isFolder = (word: string) => /^[a-z_]+$/.test(word);
const folders = Deno.args.filter(isFolder).map((name) => `tests/judges/${name}`);
const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    "test",
    "-A",
    "--no-check",
    ...Deno.args.filter((word) => !isFolder(word)),
    ...folders.length > 0 ? folders : ["tests/judges"],
  ],
  cwd: REPOSITORY,
}).spawn().status;
Deno.exit(code);
