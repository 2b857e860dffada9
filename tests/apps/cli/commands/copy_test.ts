import { assertEquals } from "@std/assert";
import { filledTest } from "../../captured_io.ts";

filledTest("copy saves the same content and metadata under another ref", async (it) => {
  await it.tells("copy config@production settings", "Copied to settings@1.0.0 (");
  await it.prints("copy config@1 config@3.0.0 --quiet", "config@3.0.0\n");
  await it.prints("load config --json", `{"lr":0.1}\n`);
  const [from, to] = await Promise.all(
    ["config@2", "settings"].map((ref) => it.succeeds(`info ${ref} --json`)),
  );
  assertEquals(JSON.parse(to).digest, JSON.parse(from).digest);
  assertEquals(JSON.parse(to).metadata, { epochs: 3, by: "ann" });
});

filledTest("copy fails or skips where the version exists", async (it) => {
  await it.fails("copy note config@1", 4);
  await it.prints("copy note config@1 --on-conflict skip -q", "config@1.0.0\n");
  await it.fails("copy nothing else", 3);
});
