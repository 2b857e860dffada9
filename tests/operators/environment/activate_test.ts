import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path";
import { RegistryError } from "../../../core/errors.ts";
import type { EnvironmentConfig } from "../../../operators/contract/pipeline.ts";
import { activate, installCommand } from "../../../operators/environment/mod.ts";
import type { Activation } from "../../../operators/environment/environment.ts";
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
): Promise<Activation> {
  return activate({ kind, ...name === undefined ? {} : { name }, install: false }, given);
}

async function refused(running: Promise<unknown>): Promise<RegistryError> {
  return await assertRejects(() => running, RegistryError);
}

testInRoot("plain: nothing changes", async (root) => {
  assertEquals(await active("plain", undefined, options(root)), { env: {}, before: [] });
});

testInRoot("uv: programs of the project's environment come first", async (root) => {
  await lay(root, { "trainer/pyproject.toml": "", "trainer/.venv/pyvenv.cfg": "" });
  const { env, before } = await active("uv", "./trainer", options(root, { PYTHONHOME: "/old" }));
  assertEquals(before, []);
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
  assertEquals([own.env.VIRTUAL_ENV, own.env.PATH], [
    root.join("own"),
    `${root.join("own/bin")}:/opt`,
  ]);
  const other = await active(
    "uv",
    undefined,
    options(root, { UV_PROJECT_ENVIRONMENT: "elsewhere" }),
  );
  assertEquals(other.env.VIRTUAL_ENV, root.join("elsewhere"));
});

testInRoot("pixi: the default environment, or one by its folder", async (root) => {
  const prefix = "project one/.pixi/envs";
  await lay(root, {
    "project one/pixi.toml": "",
    [`${prefix}/default/conda-meta/history`]: "",
    [`${prefix}/cuda/conda-meta/history`]: "",
  });
  const { env } = await active("pixi", "project one", options(root));
  assertEquals(env, {
    PATH: `${root.join(prefix, "default/bin")}:/usr/bin`,
    CONDA_PREFIX: root.join(prefix, "default"),
    CONDA_DEFAULT_ENV: "default",
    CONDA_SHLVL: "1",
    PIXI_PROJECT_ROOT: root.join("project one"),
    PIXI_ENVIRONMENT_NAME: "default",
    PIXI_PROJECT_MANIFEST: root.join("project one/pixi.toml"),
  });
  const cuda = await active("pixi", "project one/.pixi/envs/cuda", options(root));
  assertEquals([cuda.env.PIXI_ENVIRONMENT_NAME, cuda.env.PIXI_PROJECT_ROOT], [
    "cuda",
    root.join("project one"),
  ]);
});

testInRoot("conda: environments are found by name or folder", async (root) => {
  await lay(root, {
    "home/miniforge3/envs/a/conda-meta/history": "",
    "base/envs/b/conda-meta/history": "",
    "base/conda-meta/history": "",
    "listed/c/conda-meta/history": "",
    "home/.conda/environments.txt": `${root.join("listed/c")}\n`,
    "paths/d/conda-meta/history": "",
  });
  const variables = {
    CONDA_EXE: root.join("base/bin/conda"),
    CONDA_ENVS_PATH: `${root.join("none")}:${root.join("paths")}`,
  };
  const prefixOf = async (name: string) =>
    (await active("conda", name, options(root, variables))).env.CONDA_PREFIX;
  assertEquals(await prefixOf("a"), root.join("home/miniforge3/envs/a"));
  assertEquals(await prefixOf("b"), root.join("base/envs/b"));
  assertEquals(await prefixOf("base"), root.join("base"));
  assertEquals(await prefixOf("c"), root.join("listed/c"));
  assertEquals(await prefixOf("d"), root.join("paths/d"));
  assertEquals(await prefixOf("./listed/c"), root.join("listed/c"));
});

testInRoot("conda: variables and activation scripts are applied", async (root) => {
  await lay(root, {
    "e/conda-meta/state": JSON.stringify({
      env_vars: { A: "people", OWN: "people", GONE: "***unset***" },
    }),
    "e/etc/conda/env_vars.d/one.json": JSON.stringify({ A: "package", B: "package" }),
    "e/etc/conda/env_vars.d/wrong.json": "{",
    "e/etc/conda/activate.d/one.sh": "",
  });
  const { env, before } = await active("conda", "./e", options(root, {}, { OWN: "step" }));
  assertEquals([env.A, env.B, env.OWN, env.GONE], ["people", "package", undefined, undefined]);
  assertEquals([env.CONDA_DEFAULT_ENV, before[0]], [root.join("e"), "bash"]);
});

testInRoot("installCommand() returns a command only with install", async (root) => {
  await lay(root, { "u/pyproject.toml": "", "p/pyproject.toml": "", "c/conda-meta/history": "" });
  const command = (kind: Kind, name: string, install = true) =>
    installCommand({ kind, name, install }, options(root));
  for (const kind of ["plain", "uv", "pixi", "conda"] as const) {
    assertEquals(await command(kind, "u", false), undefined);
  }
  assertEquals(await command("plain", "u"), undefined);
  assertEquals(await command("uv", "u"), ["uv", "sync", "--project", root.join("u")]);
  assertEquals(
    (await command("pixi", "p"))?.join(" "),
    `pixi install --manifest-path ${root.join("p/pyproject.toml")}`,
  );
  const missing = await refused(command("conda", "train"));
  assertStringIncludes(missing.message, "there is no environment.yml in");
  await lay(root, { "environment.yml": "" });
  const file = root.join("environment.yml");
  assertEquals(
    (await command("conda", "train"))?.join(" "),
    `conda env create --file ${file} --name train`,
  );
  assertEquals(
    (await command("conda", "./c"))?.join(" "),
    `conda env update --file ${file} --prefix ${root.join("c")}`,
  );
  assertStringIncludes(
    (await refused(command("uv", "none"))).message,
    "there is no pyproject.toml in",
  );
});
