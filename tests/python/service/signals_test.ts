// Signals of a terminal, a notebook or a batch system, which every process of a group receives.
import { assertEquals } from "@std/assert";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realSystem } from "../../../core/system.ts";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import { pythonTest, runProgram } from "../reader.ts";

const COMMAND = {
  HOLDFAST_COMMAND: `${Deno.execPath()} run -A ${LOADS_LATE} ${join(REPOSITORY, "apps/cli.ts")}`,
  PATH: realSystem.env("PATH") ?? "",
};

const SIGNALLED = `
import holdfast, os, signal
os.environ["HOLDFAST_TOKEN"] = "hf_of-another-service"
os.setsid()  # a group of its own, as a job or a shell makes one
received = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: received.append(number))
with holdfast.service(registry="registry") as registry:
    registry = holdfast.connect(registry.location, timeout=60)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.killpg(0, number)
        for epoch in range(20):
            registry.save(number.name, {"epoch": epoch})
    print([number.name for number in map(signal.Signals, received)], *registry.names())
try:
    registry.load("SIGINT")
except holdfast.Unavailable:
    print("ended")
`;

pythonTest("a program saves its last checkpoint after a signal to its group", async (root) => {
  assertEquals(await runProgram(SIGNALLED, { env: COMMAND, cwd: root.path }), [
    "['SIGINT', 'SIGTERM', 'SIGHUP'] SIGHUP SIGINT SIGTERM",
    "ended",
  ]);
});

const INTERRUPTED = `
import holdfast, os, signal, sys, threading
os.setsid()
def interrupt():
    while not os.path.exists("started"):
        pass
    os.killpg(0, signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    with holdfast.service(command="./command"):
        pass
except KeyboardInterrupt:
    pass
try:
    os.kill(int(open("started").read()), 0)
except ProcessLookupError:
    print("ended")
`;

pythonTest("Ctrl-C while a service starts ends it", async (root) => {
  const command = root.join("command");
  const script = "#!/bin/sh\necho $$ > id\nmv id started\nexec sleep 600\n";
  await writeFile(command, script);
  await chmod(command, 0o755);
  const env = { PATH: COMMAND.PATH };
  assertEquals(await runProgram(INTERRUPTED, { env, cwd: root.path }), ["ended"]);
});
