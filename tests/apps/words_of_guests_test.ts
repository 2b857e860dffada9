// The kernel and the surfaces know no extension: their texts name no command and no option of one. Extensions
// bring such words themselves (`hints`, `suggestions`, `examples`, `records`).
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { EXTENSIONS } from "../../apps/extensions.ts";
import { EXTENSIONS as FOLDERS } from "../house/imports.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../support/source_files.ts";

const LISTS = ["apps/extensions.ts", "apps/server/gateways/own_gateways.ts"];

/** Texts that name an extension, each with its reason. */
const NAMED: readonly (readonly [path: string, text: string])[] = [
  // The command of jobs, which extensions do, has its file and its options in the command line.
  ["apps/cli/commands/worker.ts", "--queue"],
  ["apps/cli/jobs/queue_url.ts", "--queue"],
];

/** Other programs, whose protocols and files are those of extensions. */
const PROGRAMS = /\b(mlflow|wandb|dvc|hugging ?face|webdav|celery|mindtrace|sigstore)\b/i;

const textsOf = (source: string): string[] => {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/ .*$/gm, "");
  return code.match(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g) ?? [];
};

async function sourcesOfHost(): Promise<string[]> {
  const guests = ["extensions/", "operators/", ...Object.keys(FOLDERS), ...LISTS];
  const rooms = PRODUCT_FOLDERS.filter((folder) => folder !== "extensions");
  return (await sourceFiles(rooms)).filter((path) => !guests.some((each) => path.startsWith(each)));
}

Deno.test("texts of the kernel and the surfaces name no command, option or program of an extension", async () => {
  const commands = new Set(
    EXTENSIONS.flatMap(({ commands = [] }) => commands).flatMap(({ load }) => Object.keys(load)),
  );
  const options = new Set(
    EXTENSIONS.flatMap(({ serving, adding = [] }) =>
      [serving, ...adding].flatMap((part) => part?.options ?? [])
    ).map(({ flags }) => flags.replace(/ .*/, "")),
  );
  const call = new RegExp(
    `\\bholdfast (${[...commands].filter((each) => each !== "worker").join("|")})\\b`,
  );
  const option = new RegExp(`(^|[\\s\`'"(])(${[...options].join("|")})(?![\\w-])`);
  const named: string[] = [];
  for (const path of await sourcesOfHost()) {
    for (const text of textsOf(await Deno.readTextFile(join(REPOSITORY, path)))) {
      const word = [call, option, PROGRAMS].map((each) => each.exec(text)?.[0].trim()).find((
        each,
      ) => each !== undefined);
      if (word === undefined) continue;
      if (NAMED.some(([file, part]) => file === path && text.includes(part))) continue;
      named.push(`${path}: ${word}`);
    }
  }
  assertEquals(named, []);
});
