// Objects of other packages: with the packages themselves, compared by tensors and outputs.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const PACKAGES =
  "torch, timm, transformers, peft, sklearn, skops, xgboost, lightgbm, catboost, onnx";
const python = await findPython(`${PACKAGES}, safetensors`, 0, "HOLDFAST_TORCH_PYTHON");
const why = python === undefined ? ` (ignored: no Python with ${PACKAGES})` : "";

function objectsTest(name: string, run: (root: TempRoot) => Promise<void>): void {
  Deno.test({
    name: `${name}${why}`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await run(root);
    },
  });
}

async function runProgram(args: string[], root: TempRoot): Promise<string[]> {
  const env = {
    ...ENVIRONMENT,
    HOLDFAST_PYTHON_CACHE: root.join("cache"),
    HF_HUB_OFFLINE: "1",
    OMP_NUM_THREADS: "1",
  };
  const { stdout } = await promisify(execFile)(python!, args, {
    env,
    cwd: root.path,
    maxBuffer: 2 ** 26,
  });
  return stdout.trimEnd().split("\n");
}

const TRIPS: [title: string, parts: string[], least: number][] = [
  ["tensors, modules and states of training", ["tensors", "modules", "training"], 15],
  ["models of timm", ["timm"], 15],
  ["models, tokenizers and adapters of transformers and PEFT", ["transformers"], 18],
  ["models of scikit-learn, XGBoost, LightGBM, CatBoost and ONNX", ["tables"], 12],
];

for (const [title, parts, least] of TRIPS) {
  objectsTest(`${title} are the same after a load`, async (root) => {
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    await using service = served(registry, ["write:*", "read:*"]);
    const program = join(REPOSITORY, "tests/python/objects/round_trips.py");
    const lines = await runProgram([program, service.location, service.token!, ...parts], root);
    assertEquals(lines.filter((line) => !line.endsWith(" ok")), []);
    assert(lines.length >= least, `${lines.length} of ${least}`);
  });
}

const REFUSED = `
import os, pickle, sys, types
import catboost, numpy, sklearn.linear_model, lightgbm, torch
from torch import nn
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
def refused(call):
    try:
        print("returned", call())
    except holdfast.HoldfastError as error:
        print(type(error).__name__, error)

class Extra(nn.Linear):
    def get_extra_state(self):
        return {"odd": object()}
class Run:
    def __reduce__(self):
        return os.system, ("touch pwned",)

refused(lambda: registry.save("a", {"model": nn.Linear(1, 1), "x": torch.ones(1)}))
refused(lambda: registry.save("a", Extra(1, 1)))
refused(lambda: registry.save("a", [torch.ones(1), numpy.array(["text"])]))
refused(lambda: registry.save("a", {(1, 2): torch.ones(1)}))
refused(lambda: registry.save("a", torch.ones(2, 2).to_sparse()))
refused(lambda: registry.save("a", torch.ones(2, device="meta")))
refused(lambda: registry.save("a", torch.ones(2, dtype=torch.complex128)))
refused(lambda: registry.save("a", lightgbm.LGBMClassifier()))
refused(lambda: registry.save("a", catboost.CatBoostRegressor()))
refused(lambda: registry.save("a", Run()))
refused(lambda: registry.save("a", lambda: 1))
booster = lightgbm.train({"verbose": -1}, lightgbm.Dataset(numpy.eye(40), numpy.ones(40)), 3)
booster.best_iteration = 2
refused(lambda: registry.save("a", booster))
optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters())
refused(lambda: registry.save("a", optimizer))

registry.save("net", nn.Linear(2, 3))
refused(lambda: registry.load("net"))
refused(lambda: registry.load("net", into=nn.Linear))
refused(lambda: registry.load("net", into=nn.Linear(2, 4)))
refused(lambda: registry.load("net", into=nn.Linear(2, 3).to(torch.bfloat16)))
refused(lambda: registry.load("net", into=3))
registry.save("run", {"state": torch.ones(1), "epoch": 3})
refused(lambda: registry.load("run", into=optimizer))
registry.save("text", "text")
refused(lambda: registry.load("text", into=nn.Linear(2, 3)))
registry.save("sklearn", sklearn.linear_model.Ridge())
refused(lambda: registry.load("sklearn", into=sklearn.linear_model.LinearRegression))

# A model of Ultralytics, by a stand-in: its file is a pickle.
ultralytics = types.ModuleType("ultralytics.engine.model")
class Model(nn.Module):
    def __init__(self, file=None):
        super().__init__()
        if file:
            print("unpickled", pickle.load(open(file, "rb")))
    def save(self, file):
        pickle.dump(Run(), open(file, "wb"))
Model.__module__ = ultralytics.__name__
registry.save("yolo", Model())
refused(lambda: registry.load("yolo", into=Model))
print(os.path.exists("pwned"))
registry.load("yolo", into=Model, trust=True)

class Grid:
    def __init__(self, cells, unit):
        self.cells, self.unit = cells, unit
class SmallGrid(Grid):
    pass
@holdfast.serializer(Grid)
class GridFiles:
    def save(self, value, folder):
        numpy.save(folder / "cells.npy", value.cells)
        return {"unit": value.unit}
    def load(self, loading):
        return Grid(numpy.load(loading.folder / "cells.npy"), loading.facts["unit"])
registry.save("grid", SmallGrid(numpy.eye(2), "mm"))
print(registry.load("grid").unit, registry.load("grid").cells.tolist())
refused(lambda: registry.save("grid", SmallGrid(numpy.eye(2), object())))
GridFiles.save = lambda self, value, folder: (folder / "holdfast-object.json").write_text("{}") and {}
refused(lambda: registry.save("grid", Grid(numpy.eye(2), "mm")))
class Lossy(Grid):
    pass
@holdfast.serializer(Lossy)
class LossyFiles(GridFiles):
    def save(self, value, folder):
        numpy.save(folder / "cells.npy", value.cells.astype("int8"))
        return {"unit": value.unit}
    def difference(self, value, loading):
        same = numpy.array_equal(self.load(loading).cells, value.cells)
        return "" if same else "its cells would differ"
print(registry.save("grid", Lossy(numpy.eye(2), "mm")).ref)
refused(lambda: registry.save("grid", Lossy(numpy.eye(2) / 2, "mm")))
LossyFiles.load = lambda self, loading: 1 / 0
refused(lambda: registry.save("grid", Lossy(numpy.eye(2), "mm")))
from holdfast.values.objects import table
del table.ROWS["__main__.Grid"]
refused(lambda: registry.load("grid@1.0.0"))
import json, pathlib
for at, text in enumerate(["[]", "{}", '{"format": "holdfast-object/1", "serializer": "torch.state", "facts": {"state": {"odd": 1}}}',
             '{"format": "holdfast-object/1", "serializer": "torch.state", "facts": {}}']):
    folder = pathlib.Path(sys.argv[3]) / str(at)
    folder.mkdir()
    (folder / "holdfast-object.json").write_text(text)
    registry.save("damaged", folder)
    refused(lambda: registry.load("damaged"))
print([*registry.names()])
`;

objectsTest(
  "objects that only pickle holds are refused, and stored data names no class",
  async (root) => {
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    await using service = served(registry, ["write:*", "read:*"]);
    const args = ["-c", REFUSED, service.location, service.token!, root.path];
    const lines = await runProgram(args, root);
    const found = lines.filter((line) => !line.startsWith("hint: "));
    const expected = [
      /^Unsupported .*only pickle could save it, at "model"/,
      /^Unsupported .*only pickle could save it, at "_extra_state.odd"/,
      /^Unsupported .*numpy.ndarray.*at "1"/,
      /^Unsupported .*tuple/,
      /^Unsupported .*sparse/,
      /^Unsupported .*meta/,
      /^Unsupported .*complex128/,
      /^Unsupported .*LGBMClassifier/,
      /^Unsupported .*CatBoostRegressor.*not trained/,
      /^Unsupported .*Run/,
      /^Unsupported .*function/,
      /^Unsupported .*best iteration/,
      /^Unsupported .*SGD/,
      /^Invalid .*a class of your program/,
      /^Invalid .*does not have the arguments .* of Linear/,
      /^Invalid .*made in another way: .*out_features=3.*out_features=4/,
      /^Invalid .*torch.float32, and torch.bfloat16/,
      /^Invalid .*no load_state_dict/,
      /^Invalid .*has no key 'param_groups'/,
      /^Invalid .*only for saved objects/,
      /^Invalid .*Ridge/,
      /^Invalid .*runs code of its author/,
      /^False$/,
      /^unpickled 0$/,
      /^mm \[\[1.0, 0.0\], \[0.0, 1.0\]\]$/,
      /^Unsupported .*no JSON/,
      /^Unsupported .*its serializer wrote "holdfast-object.json"/,
      /^grid@2.0.0$/,
      /^Unsupported .*its cells would differ$/,
      /^Unsupported .*cannot be loaded again .*division by zero/,
      /^Unsupported .*no serializer "__main__.Grid"/,
      ...new Array(4).fill(/^Corrupt /),
      /^\['damaged', 'grid', 'net', 'run', 'sklearn', 'text', 'yolo'\]$/,
    ];
    const shown = lines.filter((line) => !/^(\s|\t|$|Unexpected|Missing|Error)/.test(line));
    const own = shown.filter((line) => found.includes(line));
    for (const [at, pattern] of expected.entries()) {
      assertMatch(own[at] ?? "", pattern, lines.join("\n"));
    }
    assertEquals(own.length, expected.length, lines.join("\n"));
    for (
      const hint of [
        "Save its state_dict().",
        "Pass it: load(ref, into=Net).",
        "Pass an instance: into=Net(…).",
        'Pass what it was saved from; or pass a part: into.load_state_dict(load(ref)["a"]).',
        "Leave out `into`.",
        "If you trust its author, pass trust=True.",
      ]
    ) assert(lines.includes(`hint: ${hint}`), lines.join("\n"));
    // Programs in TypeScript have the files.
    const paths = (await registry.open("net")).files().map(({ info }) => info.path);
    assertEquals(paths.toSorted(), ["holdfast-object.json", "model.safetensors"]);
  },
);
