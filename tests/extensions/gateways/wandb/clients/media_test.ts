// Audio, video and HTML that clients of W&B log: kept at their steps, and read back.
import { assertEquals } from "@std/assert";
import { clientTest, serveWandb } from "../serve_wandb.ts";
const MEDIA = `
import json, os, struct, wandb
import numpy as np
def write(name, data):
    open(name, "wb").write(data); return name
def wav(n):
    data = b"\\0\\0" * n
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", len(data)) + data
run = wandb.init(project="digits", id="abc")
for step in range(2):
    run.log({"loss": step,
      "sound": wandb.Audio(write(f"s{step}.wav", wav(80 + step)), caption=f"sound {step}"),
      "film": wandb.Video(write(f"f{step}.mp4", b"\\0\\0\\0\\x18ftypmp42" + bytes([step]) * 100), caption="film", format="mp4"),
      "page": wandb.Html(f"<p>page {step}</p>", inject=False)})
run.finish()
r = wandb.Api().run("digits/abc")
rows = list(r.scan_history())
def show(v): print("> " + json.dumps(v))
for row in rows:
    show([row["_step"], row["loss"]])
    for key in ["sound", "film", "page"]:
        value = row[key]
        show([key, value["_type"], value.get("caption"), value["path"].split("/")[:2], value["size"] == len(r.file(value["path"]).download(root="down", exist_ok=True, replace=True) and open("down/" + value["path"], "rb").read())])
show(sorted({(k, v["_type"]) for k, v in r.summary.items() if hasattr(v, "get") and v.get("_type")}))
show(sorted(f.name.rsplit("_", 1)[0] for f in r.files() if f.name.startswith("media/")))
`;

clientTest("audio, video and html are kept at their steps, and read back", async (client) => {
  await using service = await serveWandb();
  const lines = (await service.run(client, MEDIA)).map((line) => JSON.parse(line.slice(2)));
  const step = (number: number) => [
    [number, number],
    ["sound", "audio-file", `sound ${number}`, ["media", "audio"], true],
    ["film", "video-file", "film", ["media", "videos"], true],
    ["page", "html-file", null, ["media", "html"], true],
  ];
  assertEquals(lines, [
    ...step(0),
    ...step(1),
    [["film", "video-file"], ["page", "html-file"], ["sound", "audio-file"]],
    ["audio/sound", "html/page", "videos/film"].flatMap((path) =>
      [0, 1].map((number) => `media/${path}_${number}`)
    ),
  ]);
  const { files } = await service.registry.info("digits");
  assertEquals(files.filter(({ path }) => path.startsWith("media/")).length, 6);
  assertEquals(service.logged, []);
});
