import { assertEquals } from "@std/assert";
import { dirname } from "@std/path";
import type { EnvironmentConfig } from "../../../operators/contract/pipeline.ts";
import { activate } from "../../../operators/process/environment.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";

type Kind = EnvironmentConfig["kind"];

/** Files below a folder. */
async function lay(root: TempRoot, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(root.join(path)), { recursive: true });
    await Deno.writeTextFile(root.join(path), text);
  }
}

const options = (
  root: TempRoot,
  variables: Record<string, string> = {},
  env: Record<string, string> = {},
) => {
  const all: Record<string, string> = { PATH: "/usr/bin", HOME: root.join("home"), ...variables };
  return { root: root.path, env, system: { env: (name: string) => all[name] } };
};

function active(
  kind: Kind,
  name: string | undefined,
  given: ReturnType<typeof options>,
): Promise<Record<string, string>> {
  return activate({ kind, ...name === undefined ? {} : { name } }, given);
}

testInRoot("plain: nothing changes", async (root) => {
  assertEquals(await active("plain", undefined, options(root)), {});
});

testInRoot("uv: programs of the project's environment come first", async (root) => {
  await lay(root, { "trainer/pyproject.toml": "", "trainer/.venv/pyvenv.cfg": "" });
  const env = await active("uv", "./trainer", options(root, { PYTHONHOME: "/old" }));
  assertEquals(env, {
    PATH: `${root.join("trainer/.venv/bin")}:/usr/bin`,
    VIRTUAL_ENV: root.join("trainer/.venv"),
    UV_PROJECT: root.join("trainer"),
    UV_PROJECT_ENVIRONMENT: root.join("trainer/.venv"),
    UV_NO_SYNC: "1",
    PYTHONHOME: "",
  });
});

testInRoot("uv: the environment may be a folder or UV_PROJECT_ENVIRONMENT", async (root) => {
  await lay(root, { "own/pyvenv.cfg": "", "elsewhere/pyvenv.cfg": "" });
  const own = await active("uv", "own", options(root, {}, { PATH: "/opt" }));
  assertEquals([own.VIRTUAL_ENV, own.PATH], [
    root.join("own"),
    `${root.join("own/bin")}:/opt`,
  ]);
  const other = await active(
    "uv",
    undefined,
    options(root, { UV_PROJECT_ENVIRONMENT: "elsewhere" }),
  );
  assertEquals(other.VIRTUAL_ENV, root.join("elsewhere"));
});
