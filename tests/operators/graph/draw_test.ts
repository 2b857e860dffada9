import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { drawPipeline } from "../../../operators/mod.ts";
import { draw, type Drawing } from "../../../formats/mermaid.ts";
import { pipeline, step } from "../runner/pipelines.ts";

const training = pipeline([
  step("clean", {
    operator: "cleaner_v1",
    inputs: { data: "registry:data:raw@^1" },
    outputs: { data: "registry:data:clean" },
  }),
  step("count", { upstream: ["clean"] }),
  step("train", {
    upstream: ["clean", "count"],
    node: "gpu",
    shards: 4,
    inputs: { data: "registry:data:clean" },
    outputs: { model: "s3://key:secret@bucket/model?signature=secret" },
  }),
  step("report", { upstream: ["train"], inputs: { weights: "step:train.model" } }),
], {
  nodes: [{ id: "here", runnerCount: 4, resources: {} }, {
    id: "gpu",
    runnerCount: 1,
    resources: {},
  }],
});
const plan = {
  steps: [
    { step: "clean", decision: "skip" as const },
    { step: "count", decision: "run" as const, reasons: ["params.lr 0.1 → 0.2", "forced"] },
    { step: "train", decision: "depends" as const, reasons: ["upstream runs: count"] },
  ],
};

/** Texts that try to get out of where they stand. */
const HOSTILE = [
  `"] --> b9["x`,
  `\\`,
  `a\\" ; b -> c [label="`,
  `\\N\\G\\l{|}<port>`,
  `</text></svg><script>alert(1)</script>`,
  `<b onload=x>&lt;&#60;&amp;`,
  `%%{init: {}}%% end\nclick b0 "javascript:alert(1)"`,
  "`**markdown**`",
  `1. list`,
  `- list`,
  `#quot;#35;`,
  `\u202egnp.exe\u0000\u{1f642}\ud800`,
  `]]>--><!--`,
  `${"ä".repeat(150)}end`,
];

Deno.test("text shows levels, inputs and outputs", () => {
  assertEquals(drawPipeline(training).split("\n"), [
    "level  step    operator         node  reads ←, writes →",
    "1      clean   cleaner_v1:v1.0  here  data ← registry:data:raw@^1",
    "                                      data → registry:data:clean",
    "2      count   v1.0             here  ← clean",
    "3      train   v1.0 ×4          gpu   data ← registry:data:clean",
    "                                      after clean, count",
    "                                      model → s3://bucket/model",
    "4      report  v1.0             here  weights ← step:train.model",
  ]);
});

Deno.test("text with a plan shows the decision of each step", () => {
  const lines = drawPipeline(training, { plan }).split("\n");
  assertMatch(lines[0], /^level {2}plan {5}step /);
  const marks = lines.slice(1).map((line) => line.slice(7, 16).trim()).filter((mark) =>
    mark !== ""
  );
  assertEquals(marks, ["skip", "run", "depends"]);
});

Deno.test("Mermaid has frames for nodes, artifacts, and dashed order", () => {
  assertEquals(drawPipeline(training, { as: "mermaid", plan }).split("\n").slice(0, 20), [
    "flowchart LR",
    `  subgraph f0["node here, 4 at once"]`,
    `    b0["clean<br/>cleaner_v1:v1.0<br/>skip"]`,
    `    b1["count<br/>v1.0<br/>run: params.lr 0.1 → 0.2"]`,
    `    b3["report<br/>v1.0"]`,
    `    b4(["data:clean"])`,
    "  end",
    `  subgraph f1["node gpu, 1 at once"]`,
    `    b2["train<br/>v1.0 ×4<br/>depends: upstream runs: count"]`,
    `    b5(["s3://bucket/model"])`,
    "  end",
    `  b6(["data:raw"])`,
    `  b0 -->|"data"| b4`,
    `  b2 -->|"model"| b5`,
    `  b6 -->|"data @^1"| b0`,
    "  b0 --> b1",
    `  b4 -->|"data"| b2`,
    "  b1 -.-> b2",
    `  b2 -->|"weights ← model"| b3`,
    "  classDef plainStep fill:#eef3fb,stroke:#4a6fa5,color:#14213d",
  ]);
});

Deno.test("drawings show no password or signature of a URL", () => {
  for (const as of ["text", "mermaid"] as const) {
    assert(!drawPipeline(training, { as }).includes("secret"), as);
  }
});

Deno.test("Mermaid escapes all text", () => {
  for (const line of draw(hostileDrawing()).split("\n")) {
    assertMatch(
      line,
      /^(flowchart LR| {2}(end|(subgraph )?[bf]\d+.*| {2}b\d+.*|classDef .*|class [b\d,]+ \w+))$/,
    );
    for (const [, text] of line.matchAll(/"([^"]*)"/g)) {
      assert(!/[<>&;"`\\[\]{}|]/.test(text.replaceAll("<br/>", "").replace(/#\d+;/g, "")), text);
    }
    assertEquals([...line.matchAll(/"/g)].length % 2, 0, line);
  }
  const codes = draw(hostileDrawing()).split("\n")[2];
  assertStringIncludes(codes, `#34;#93; --#62; b9#91;#34;x`);
});

function hostileDrawing(): Drawing {
  return {
    boxes: [
      ...HOSTILE.map((text, i) => ({ id: text, lines: [text, text], frame: `f${i}` })),
      ...HOSTILE.map((text) => ({ id: `data ${text}`, lines: [text], look: "data" as const })),
    ],
    arrows: HOSTILE.map((text) => ({ from: text, to: `data ${text}`, label: text })),
    frames: HOSTILE.map((text, i) => ({ id: `f${i}`, label: text })),
  };
}
