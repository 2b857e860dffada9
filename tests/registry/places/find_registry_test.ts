import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findRegistry, originOf, tokenSourceOf } from "../../../registry/places/find_registry.ts";
import { setRemote } from "../../../apps/cli/places/set_remote.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { inUtf16 } from "../../support/strings/in_utf16.ts";
import { testInRoot } from "../../support/temp_root.ts";

/** The real system with only this environment. */
function withEnv(env: Record<string, string> = {}) {
  return { ...realSystem, env: (name: string) => env[name] };
}

testInRoot("argument, environment, .env and parent folders, in this order", (root) => {
  const cwd = root.join("a/b");
  mkdirSync(cwd, { recursive: true });
  mkdirSync(root.join("a/.holdfast"));
  const bare = { cwd, system: withEnv() };
  const named = { cwd, system: withEnv({ HOLDFAST_REGISTRY: "from/env" }) };
  const upward = findRegistry(undefined, bare);
  assertEquals([upward.location, upward.kind, upward.by], [
    root.join("a/.holdfast"),
    "folder",
    "upward",
  ]);
  writeFileSync(join(cwd, ".env"), "# where\nHOLDFAST_REGISTRY='from/file'\n");
  const inFile = findRegistry(undefined, bare);
  assertEquals([inFile.location, inFile.by], [join(cwd, "from/file"), "env-file"]);
  assertMatch(originOf(inFile)!, /HOLDFAST_REGISTRY in .*a.b.\.env$/);
  const inEnvironment = findRegistry(undefined, named);
  assertEquals([inEnvironment.location, inEnvironment.by], [join(cwd, "from/env"), "variable"]);
  assertEquals(originOf(inEnvironment), "is named by HOLDFAST_REGISTRY in the environment");
  const given = findRegistry("given", named);
  assertEquals([given.location, given.by, originOf(given)], [
    join(cwd, "given"),
    "argument",
    undefined,
  ]);
});

Deno.test("empty locations, ~ and variables are Invalid", () => {
  const cwd = "/there";
  for (const text of ["", "~", "~/reg"]) {
    const error = assertThrows(() => findRegistry(text, { cwd, system: withEnv() }), RegistryError);
    assertEquals([error.code, error.message.includes(text === "" ? "empty" : "shell")], [
      "Invalid",
      true,
    ]);
  }
  const named = { cwd, system: withEnv({ HOLDFAST_REGISTRY: "~/reg" }) };
  assertThrows(
    () => findRegistry(undefined, named),
    RegistryError,
    "only a shell expands ~",
  );
  assertEquals(findRegistry("./~/reg", named).location, "/there/~/reg");
  for (const variable of ["$HOME", "${HOME}"]) {
    const system = withEnv({ HOLDFAST_REGISTRY: `${variable}/reg` });
    const expected = `open a registry at "${variable}/…": only a shell expands ${variable}`;
    assertThrows(() => findRegistry(undefined, { cwd, system }), RegistryError, expected);
  }
  for (const text of ["./$HOME/reg", "$a.b/reg", "a/$HOME"]) {
    assertEquals(findRegistry(text, { cwd, system: withEnv() }).location, join(cwd, text));
  }
});

testInRoot("without a registry, the hint explains how to create one", (root) => {
  writeFileSync(root.join(".holdfast"), "");
  const options = { cwd: root.path, system: withEnv() };
  const error = assertThrows(() => findRegistry(undefined, options), RegistryError);
  assertEquals(error.code, "NotFound");
  assertMatch(error.hint!, /openRegistry\(undefined, \{ create: true \}\)/);
});

testInRoot("create returns ./.holdfast if nothing else is found", (root) => {
  const cwd = root.join("a");
  mkdirSync(cwd);
  mkdirSync(root.join(".holdfast"));
  const options = { cwd, system: withEnv(), create: true };
  assertEquals(findRegistry(undefined, options).location, root.join(".holdfast"));
  const here = findRegistry(undefined, { ...options, upward: false });
  assertEquals([here.location, here.by], [join(cwd, ".holdfast"), "default"]);
});

Deno.test("URLs stay, paths become absolute, invalid ones are not shown", () => {
  const at = { cwd: "/w/x", system: withEnv() };
  for (const url of ["file:///r", "s3://bucket/x?region=r", "gs://bucket", "https://host:8600"]) {
    assertEquals(findRegistry(url, at).location, url);
  }
  const wrong = [
    "s3://k:secret@bucket",
    "s3://",
    "s3://bucket?key=secret",
    "s3://bucket?endpoint=http://k:secret@h",
  ];
  for (
    const url of [
      ...wrong,
      "memory:",
      "https://k:secret@host",
      "https://host?token=secret",
      "s3:/secret",
    ]
  ) {
    for (const system of [withEnv(), withEnv({ HOLDFAST_REGISTRY: url })]) {
      const error = assertThrows(
        () => findRegistry(system.env("HOLDFAST_REGISTRY") ?? url, at),
        RegistryError,
      );
      assertEquals(error.code, "Invalid", url);
      assert(!/secret/.test(`${error.message} ${error.hint}`), url);
    }
  }
  assertEquals(findRegistry("a:b", at).location.replaceAll("\\", "/"), "/w/x/a:b");
  assertEquals(findRegistry("../r", at).kind, "folder");
});

testInRoot("@team is resolved; an unknown name is NotFound with the known ones", (root) => {
  const env = { XDG_CONFIG_HOME: root.path };
  const { location, tokenFile } = { location: "https://host:8600", tokenFile: root.join("token") };
  setRemote("team", { location, tokenFile }, { system: withEnv(env) });
  for (
    const [given, more] of [["@team", {}], ["@team/", {}], [undefined, {
      HOLDFAST_REGISTRY: "@team",
    }]] as const
  ) {
    const found = findRegistry(given, { cwd: root.path, system: withEnv({ ...env, ...more }) });
    assertEquals([found.location, found.kind, found.remote], [location, "service", "team"]);
    assertEquals(tokenSourceOf(found, { system: withEnv(env) }), { tokenFile });
  }
  const error = assertThrows(
    () => findRegistry("@tem", { cwd: root.path, system: withEnv(env) }),
    RegistryError,
  );
  assertEquals(error.code, "NotFound");
  assertMatch(error.hint!, /or use @team/);
  const folder = findRegistry("./@tem", { cwd: root.path, system: withEnv(env) });
  assertEquals(folder.location, root.join("@tem"));
});

testInRoot("a .env provides no token for a named registry", (root) => {
  const env = { XDG_CONFIG_HOME: root.path, HOLDFAST_TOKEN: "mine" };
  const system = withEnv(env);
  setRemote("team", { location: "https://host:8600" }, { system });
  writeFileSync(root.join(".env"), "HOLDFAST_REGISTRY=@team\nHOLDFAST_TOKEN=theirs\n");
  const found = findRegistry(undefined, { cwd: root.path, system });
  assertEquals([found.by, found.remote], ["env-file", "team"]);
  assertEquals(tokenSourceOf(found, { system }), { token: "mine" });
});

testInRoot("the environment's token is not sent to a service in a .env", (root) => {
  const system = withEnv({ HOLDFAST_TOKEN: "mine" });
  writeFileSync(root.join(".env"), "HOLDFAST_REGISTRY=https://host\n");
  const named = findRegistry(undefined, { cwd: root.path, system });
  assertEquals(tokenSourceOf(named, { system }), { none: true });
  const given = findRegistry("https://host", { cwd: root.path, system });
  assertEquals(tokenSourceOf(given, { system }), { token: "mine" });
  writeFileSync(root.join(".env"), "HOLDFAST_REGISTRY=https://host\nHOLDFAST_TOKEN=theirs\n");
  assertEquals(tokenSourceOf(findRegistry(undefined, { cwd: root.path, system }), { system }), {
    token: "theirs",
  });
});

testInRoot("a token file in the environment is used like its token, which comes first", (root) => {
  const file = { HOLDFAST_TOKEN_FILE: root.join("token") };
  writeFileSync(root.join(".env"), "HOLDFAST_REGISTRY=https://host\n");
  const at = (argument: string | undefined, env: Record<string, string>) => {
    const system = withEnv(env);
    return tokenSourceOf(findRegistry(argument, { cwd: root.path, system }), { system });
  };
  assertEquals(at("https://host", file), { tokenFile: root.join("token") });
  assertEquals(at("https://host", { ...file, HOLDFAST_TOKEN: "mine" }), { token: "mine" });
  assertEquals(at(undefined, file), { none: true });
});

testInRoot("the first line of a .env that Windows wrote is read", (root) => {
  for (const name of ["föö", "bar"]) {
    const text = `HOLDFAST_REGISTRY=./${name}\r\nHOLDFAST_TOKEN=t\r\n`;
    for (const content of [text, `\ufeff${text}`, inUtf16(text)]) {
      writeFileSync(root.join(".env"), content);
      const { location } = findRegistry(undefined, { cwd: root.path, system: withEnv() });
      assertEquals(location, root.join(name));
    }
  }
});

testInRoot("a .env cannot redirect a Google token", (root) => {
  const at = (url: string, env = {}) => {
    writeFileSync(root.join(".env"), `HOLDFAST_REGISTRY=${url}\n`);
    return findRegistry(undefined, { cwd: root.path, system: withEnv(env) });
  };
  for (const host of ["thief.example", "googleapis.com.thief.example", "thiefgoogleapis.com"]) {
    for (const scheme of ["gs", "GCS"]) {
      const url = `${scheme}://bucket/team?endpoint=https://${host}`;
      const error = assertThrows(() => at(url), RegistryError);
      assertEquals(error.code, "Invalid");
      assertMatch(error.message, new RegExp(`would be sent to "${host}"`));
      assertEquals(
        at("nothing", { HOLDFAST_REGISTRY: url }).kind,
        "store",
        "the environment is the user's own",
      );
    }
  }
  const harmless = [
    "gs://bucket/team",
    "gs://bucket?endpoint=https://storage.me-central2.rep.googleapis.com",
    "gs://bucket?endpoint=http://127.0.0.1:4443", // an emulator: no credentials
    "s3://bucket?endpoint=https://minio.example", // requests are signed
  ];
  for (const url of harmless) assertEquals(at(url).by, "env-file");
});
