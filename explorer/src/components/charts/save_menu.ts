// A menu that saves a chart as a file.
import { html } from "../../framework/html.ts";
import { useState, type VNode } from "../../framework/preact.ts";
import { Menu } from "../menu.ts";
import { saveBlob } from "../../framework/save_blob.ts";
import type { SvgFile } from "./svg_file.ts";

export function SaveMenu({ title, draw, isSmall }: {
  /** The title of the chart, which names its file. */
  title: string;
  draw: () => Promise<SvgFile>;
  isSmall?: boolean;
}): VNode {
  const [problem, setProblem] = useState("");
  const save = (type: "png" | "svg") => async ({ currentTarget }: { currentTarget: Element }) => {
    const menu = currentTarget.closest("details");
    try {
      const file = await draw();
      const { blobOf } = await import("./svg_file.ts");
      saveBlob(await blobOf(file, type), `${fileName(title)}.${type}`);
      setProblem("");
    } catch (error) {
      setProblem(`Not saved: ${(error as Error).message}`);
    }
    if (menu === null) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  return html`
    <${Menu} title="Save" label=${`Save ${title}`} isSmall=${isSmall}>
      ${(["png", "svg"] as const).map((type) =>
        html`
          <li><button type="button" class="button button-small button-quiet"
            onClick=${save(type)}>Save as ${type.toUpperCase()}</button></li>
        `
      )}
    <//>
    <span class=${problem === "" ? "hidden" : "muted"} role="status">${problem}</span>
  `;
}

/** Returns a name that all file systems take. */
function fileName(title: string): string {
  return title.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[._]+|_+$/g, "").slice(0, 100) ||
    "chart";
}
