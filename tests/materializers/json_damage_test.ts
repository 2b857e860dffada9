import { assert } from "@std/assert";
import { json } from "../../materializers/mod.ts";
import { fails, fakeArtifact } from "./fake_artifact.ts";

const materializer = json();

function loadText(text: string): unknown {
  return materializer.load(
    fakeArtifact([{ path: "data.json", content: text }], { id: "json" }),
    {},
  );
}

Deno.test("data.json that is damaged or made up is Corrupt", async () => {
  const texts = [
    "",
    "{",
    '{"a":1}}',
    '{"$holdfast":"eval"}',
    '{"$holdfast":"number","value":"1"}',
    '{"$holdfast":"bigint","value":"1;"}',
    '{"$holdfast":"bigint","value":5}',
    '{"$holdfast":"date","value":"yesterday"}',
    '{"$holdfast":"map","value":[[1]]}',
    '{"$holdfast":"map"}',
    '{"$holdfast":"set","value":{"a":1}}',
    '{"$holdfast":"sparse","length":-1,"value":[]}',
    '{"$holdfast":"sparse","length":2,"value":[[2,1]]}',
    '{"$holdfast":"sparse","length":2,"value":[["length",1]]}',
    '{"$holdfast":"bare","value":[]}',
    '{"$holdfast":"object"}',
    '{"$holdfast":"bytes","class":"Uint8Array","file":"parts/9.bin"}',
    '{"$holdfast":"bytes","class":"Function","file":"data.json"}',
    '{"$holdfast":{"toString":1}}',
    `[{"$holdfast":"undefined"},${"[".repeat(50_000)}${"]".repeat(50_000)}]`,
  ];
  for (const text of texts) await fails("Corrupt", () => loadText(text));
  const artifact = fakeArtifact([{ path: "data.json", content: Uint8Array.of(0x22, 0xff, 0x22) }]);
  await fails("Corrupt", () => materializer.load(artifact, {}));
});

Deno.test("the error of a damaged data.json quotes nothing of it", async () => {
  const error = await fails("Corrupt", () => loadText("hidden"));
  assert(!`${error.message} ${error.cause}`.includes("hidden"));
});

Deno.test("a part of an unknown class or with broken facts does not load", async () => {
  const load = (reference: string) =>
    materializer.load(
      fakeArtifact([{ path: "data.json", content: reference }, {
        path: "parts/0.bin",
        content: "abc",
      }]),
      {},
    );
  await fails(
    "Corrupt",
    () => load('{"$holdfast":"bytes","class":"Function","file":"parts/0.bin"}'),
  );
  await fails(
    "Corrupt",
    () => load('{"$holdfast":"blob","facts":{"type":1},"file":"parts/0.bin"}'),
  );
  await fails("Corrupt", () => load('{"$holdfast":"ndarray","file":"parts/0.bin"}'));
  await fails(
    "Unsupported",
    () => load('{"$holdfast":"typed-array","class":"Function","file":"parts/0.bin"}'),
  );
});
