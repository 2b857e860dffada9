// Reads of clients of W&B while a run goes on: its console and its system metrics.
import { assertEquals } from "@std/assert";
import { clientTest, serveWandb } from "../serve_wandb.ts";

const LIVE = `
import json, sys, time, wandb
settings = wandb.Settings(x_file_stream_transmit_interval=0.1, x_stats_sampling_interval=0.1)
run = wandb.init(project="digits", id="abc", settings=settings)
print("first\\n\\n2026-01-02T03:04:05.000 third")
print("an error", file=sys.stderr)
run.log({"loss": 1})
kept = list(range(2500))
def show(value): sys.__stdout__.write("> " + json.dumps(value) + "\\n")
def read(wanted):
    for _ in range(300):
        now = wandb.Api().run("digits/abc")
        events = now.history(stream="events", pandas=False)
        lines = list(now.console_logs()) if hasattr(now, "console_logs") else [None] * wanted
        if len(events) > 1 and len(lines) >= wanted: return now, events, lines
        time.sleep(0.1)
    raise Exception(f"no lines: {len(events)} {len(lines)}")
def tell(wanted):
    now, events, lines = read(wanted)
    show([now.state, any("system.cpu" in row for row in events), len([row for row in events if row["_runtime"] >= 0]) > 1])
    if lines[0] is None: return
    head = [line for line in lines if not line.content.startswith("wandb:")][:4]
    show([[line.content, line.level] for line in head])
    show([line.number for line in lines] == list(range(len(lines))))
    show([line.timestamp is not None for line in head])
    last = list(now.console_logs(last=3))
    show([last == list(now.console_logs())[-3:], len(list(now.console_logs(per_page=7))) == len(lines)])
tell(4)
print("\\n".join(f"line {i}" for i in kept))
now, events, lines = read(2504)
if lines[0] is not None: show([line.content for line in lines if line.content.startswith("line ")] == [f"line {i}" for i in kept])
run.finish()
tell(2504)
now, events, lines = read(2504)
if lines[0] is not None: show([line.content for line in lines if line.content.startswith("line ")] == [f"line {i}" for i in kept])
`;

clientTest("console and system metrics are read while a run goes on", async (client) => {
  await using service = await serveWandb();
  const lines = (await service.run(client, LIVE)).map((line) => JSON.parse(line.slice(2)));
  const isNew = client === "new";
  const head = (level: string) => [
    ["first", ""],
    ["", ""],
    ["2026-01-02T03:04:05.000 third", ""],
    ["an error", level],
  ];
  const read = (state: string, level: string, isTimed: boolean) => [
    [state, true, true],
    ...(isNew ? [head(level), true, Array(4).fill(isTimed), [true, true]] : []),
    ...(isNew ? [true] : []),
  ];
  assertEquals(lines, [...read("running", "error", true), ...read("finished", "", false)]);
  assertEquals(service.logged, []);
});

const REPLACED = `
import json, time, wandb
run = wandb.init(project="digits", id="abc")
def save(name, text):
    open(name, "w").write(text)
    run.save(name, policy="now")
def sizes(): return {file.name: file.size for file in wandb.Api().run("digits/abc").files()}
def until(done):
    while not done(sizes()): time.sleep(0.1)
names = ["a.txt", "b.txt", "c.txt", "d.txt"]
for name in names:
    save(name, "x")
    until(lambda found: name in found)
files = wandb.Api().run("digits/abc").files(per_page=1)
found = []
for file in files:
    found.append(file.name)
    if file.name != "a.txt": continue
    save("a.txt", "longer")
    until(lambda found: found["a.txt"] == 6)
print("> " + json.dumps([name for name in found if name in names]))
run.finish()
`;

clientTest("no file is left out that is replaced while files are listed", async (client) => {
  await using service = await serveWandb();
  const lines = await service.run(client, REPLACED);
  assertEquals(lines, [`> ["a.txt", "b.txt", "c.txt", "d.txt"]`]);
});
