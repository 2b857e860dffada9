// The sign-in of `holdfast login`, which Python uses and renews.
import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { Browser } from "../../support/oidc/people.ts";
import {
  editLogin,
  runWith,
  startTeam,
  storedIn,
  urlIn,
} from "../../extensions/sign_in/login/team.ts";
import { holdfast } from "../../apps/captured_io.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PROGRAM = `
import sys
import holdfast

def outcome():
    try:
        return list(holdfast.connect(sys.argv[1]).names())
    except holdfast.HoldfastError as error:
        return f"{error.code}: {error.hint}"

print(outcome())
`;

const PAST = { expiresAt: "2020-01-01T00:00:00.000Z" };

pythonTest("Python uses the sign-in of the command line, and renews it once", async (root) => {
  await using team = await startTeam();
  const env = { XDG_CONFIG_HOME: root.path };
  const asked = (...words: string[]) => holdfast(words, { cwd: root.path, env });
  const python = async () =>
    (await runProgram(PROGRAM, { args: [`${team.url}/`], cwd: root.path, env }))[0];
  const file = root.join("holdfast/logins.json");

  assertEquals(await python(), "Denied: " + HINT);
  await runWith(
    ["login", team.url, "--browser"],
    { cwd: root.path, env, columns: 1000 },
    (shown) => new Browser().open(urlIn(shown)),
  );
  await team.registry.save("note", "text");
  assertEquals(await python(), "['note']");
  const { [team.url]: first } = await storedIn(root.path);

  await editLogin(root.path, team.url, PAST);
  const before = team.provider.requests.length;
  const runs = [python(), python(), asked("-r", team.url, "ls", "-q")];
  const [one, two] = await Promise.all(runs);
  assertEquals([one, two], ["['note']", "['note']"]);
  assertEquals(team.provider.requests.slice(before), ["/token"]);
  const { [team.url]: second } = await storedIn(root.path);
  assert(second!.refreshToken !== first!.refreshToken);
  assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  assertEquals((await asked("whoami", "-r", team.url)).code, 0, "the command line reads it");

  await editLogin(root.path, team.url, { ...PAST, refreshToken: first!.refreshToken });
  assertEquals(await python(), `Denied: Sign in again: holdfast login ${team.url}`);
  await Deno.chmod(file, 0o644);
  assertEquals(
    await python(),
    `Denied: Run chmod 600 ${file}. If others may have read it, sign in again.`,
  );
  await Deno.chmod(file, 0o600);
  await Deno.writeTextFile(file, "{");
  assertEquals(await python(), "Invalid: Remove it, and sign in again: holdfast login URL");
});

const HINT = "Sign in with `holdfast login URL`, or pass a token: token=…, or HOLDFAST_TOKEN.";

pythonTest("Python reads the file of a token for each request", async (root) => {
  await using registry = await openRegistry("memory:");
  await registry.save("note", "text");
  await using service = served(registry, ["read:*"]);
  const program = `
import os, sys
import holdfast, threading
if hasattr(os, "mkfifo"):
    os.mkfifo("pipe")
    threading.Thread(target=lambda: open("pipe", "w").write(sys.argv[2])).start()
    os.environ["HOLDFAST_TOKEN_FILE"] = "pipe"
    piped = holdfast.connect(sys.argv[1])
    print([list(piped.names()) for _ in range(2)] == [["note"]] * 2)
    os.environ["HOLDFAST_TOKEN_FILE"] = "token"
else:
    print(True)
registry = holdfast.connect(sys.argv[1])
marked = "\\ufeff" + sys.argv[2] + "\\r\\n"
forms = [marked.encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be")]
for content in (sys.argv[2].encode(), *forms, b"other", b"\\xff\\xfe\\0", None):
    if content is None:
        os.remove("token")
    else:
        open("token", "wb").write(content)
    try:
        print(list(registry.names()))
    except holdfast.HoldfastError as error:
        print(error.code, "TOKEN_FILE" in error.hint)
`;
  const args = [service.location, service.token!];
  const env = { HOLDFAST_TOKEN_FILE: "token" };
  const lines = await runProgram(program, { args, cwd: root.path, env });
  assertEquals(lines, [
    "True",
    ...Array(4).fill("['note']"),
    "Denied False",
    "Denied True",
    "Denied True",
  ]);
});
