import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { readRemotes, type Remote } from "../../../registry/places/remotes.ts";
import { setRemote } from "../../../apps/cli/places/set_remote.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { testInRoot } from "../../support/temp_root.ts";

function withEnv(env: Record<string, string>) {
  return { system: { ...realSystem, env: (name: string) => env[name] } };
}

testInRoot("named registries are in a private file, whose other content stays", (root) => {
  const options = withEnv({ HOME: root.path });
  assertEquals(readRemotes(options).registries, {});
  const file = setRemote("team", { location: "s3://bucket/team" }, options);
  assertEquals(file, root.join(".config/holdfast/config.json"));
  if (process.platform !== "win32") assertEquals(statSync(file).mode & 0o777, 0o600);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), theme: "dark" }));
  setRemote("b.2", { location: "/srv/models" }, options);
  assertEquals(Object.keys(readRemotes(options).registries), ["b.2", "team"]);
  setRemote("team", undefined, options);
  assertEquals(readRemotes(options), { file, registries: { "b.2": { location: "/srv/models" } } });
  assertEquals(JSON.parse(readFileSync(file, "utf8")).theme, "dark");
  assertEquals(readdirSync(root.join(".config/holdfast")), ["config.json"]);
});

testInRoot("XDG_CONFIG_HOME or the home folder contains the file", (root) => {
  assertEquals(
    readRemotes(withEnv({ XDG_CONFIG_HOME: root.join("c"), HOME: "/h" })).file,
    root.join("c/holdfast/config.json"),
  );
  assertEquals(
    readRemotes(withEnv({ XDG_CONFIG_HOME: "c", HOME: root.path })).file,
    root.join(".config/holdfast/config.json"),
  );
  assertEquals(readRemotes(withEnv({})), { registries: {} });
  const error = assertThrows(() => setRemote("a", { location: "/r" }, withEnv({})), RegistryError);
  assertEquals(error.code, "Denied");
});

testInRoot("an invalid file, or one that others can write, is refused", (root) => {
  const options = withEnv({ XDG_CONFIG_HOME: root.path });
  mkdirSync(root.join("holdfast"));
  const file = root.join("holdfast/config.json");
  for (
    const text of [
      "{",
      "[]",
      '{"registries":[]}',
      '{"registries":{"a":"b"}}',
      '{"registries":{"@a":{"location":"b"}}}',
    ]
  ) {
    writeFileSync(file, text, { mode: 0o600 });
    assertEquals(
      assertThrows(() => readRemotes(options), RegistryError, undefined, text).code,
      "Invalid",
    );
    assertThrows(() => setRemote("a", { location: "/r" }, options), RegistryError);
    assertEquals(readFileSync(file, "utf8"), text);
  }
  writeFileSync(file, "{}");
  if (process.platform === "win32") return;
  chmodSync(file, 0o622);
  const error = assertThrows(() => readRemotes(options), RegistryError);
  assertEquals(error.code, "Denied");
  assertMatch(error.hint!, /chmod go-w/);
});

testInRoot("invalid locations and secrets are refused", (root) => {
  const options = withEnv({ XDG_CONFIG_HOME: root.path });
  const cases: [remote: unknown, said: string][] = [
    [{ zz: 1 }, "neither an absolute path nor a URL"],
    [{ location: 5 }, "neither an absolute path nor a URL"],
    [{ location: "" }, "neither an absolute path nor a URL"],
    [{ location: "r" }, "neither an absolute path nor a URL"],
    [{ location: "https://me:secret@host" }, "credentials"],
    [{ location: "https://host", tokenFile: 5 }, "tokenFile"],
    [{ location: "https://host", tokenFile: "token" }, "tokenFile"],
  ];
  for (const [remote, said] of cases) {
    const error = assertThrows(
      () => setRemote("a", remote as Remote, options),
      RegistryError,
      said,
    );
    assertEquals([error.code, error.message.includes("secret")], ["Invalid", false], said);
  }
  const anything = setRemote as unknown as (...given: unknown[]) => void;
  assertThrows(
    () => anything(undefined, { location: "/r" }, options),
    RegistryError,
    "Cannot name a registry",
  );
  assertEquals(readdirSync(root.path), []);
});

testInRoot("a name is one word", (root) => {
  const options = withEnv({ XDG_CONFIG_HOME: root.path });
  for (const name of ["", "@team", "a/b", "a@1", "-r", ".", "a b", "__proto__"]) {
    assertEquals(
      assertThrows(() => setRemote(name, { location: "/r" }, options), RegistryError).code,
      "Invalid",
      name,
    );
  }
});
