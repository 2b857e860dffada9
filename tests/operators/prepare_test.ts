import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { completeContext } from "../../operators/context.ts";
import { prepareContext } from "../../operators/prepare.ts";
import { testInRoot } from "../support/temp_root.ts";

testInRoot(
  "a command that is no operator's needs its input root, and nothing else",
  async (root) => {
    const folders = { outputRoot: root.path, workspaceRoot: root.path };
    const { context } = await completeContext({
      ...folders,
      inputRoot: root.path,
      params: { lr: 1 },
    });
    assertEquals((await prepareContext({}, context)).params, { lr: 1 });
    const { context: lost } = await completeContext({
      ...folders,
      inputRoot: root.join("missing"),
    });
    const error = await assertRejects(() => prepareContext({}, lost), RegistryError);
    assertEquals([error.code, error.message], [
      "NotFound",
      'Cannot run operator "standalone": its input is missing or wrong',
    ]);
  },
);
