// The parts that extensions add to a view.
import { useSession } from "../api/context.ts";
import type { BesideProps } from "../extension.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";

/** Shows the parts of all extensions for a place of the page. Others are properties of them. */
export function ExtensionParts(
  { at, ...props }:
    | { at: "loadStart" }
    | { at: "loadOfName"; name: string }
    | { at: "loadBeside" } & BesideProps,
): VNode {
  const { extensions } = useSession();
  const { value: parts = [] } = useLoaded(
    () =>
      Promise.all(extensions.flatMap((each): Promise<unknown>[] => {
        const loaded = each[at]?.();
        return loaded === undefined ? [] : [loaded];
      })),
    [at],
  );
  return html`${parts.map((Part) => html`<${Part} ...${props} />`)}`;
}
