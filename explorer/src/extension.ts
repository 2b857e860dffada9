// Extensions of the page: the parts that it may lack. `extensions.ts` lists them, and views find them
// in the session.
import type { ZarrStore } from "../../formats/zarr.ts";
import type { LoadSignIn } from "./api/grant.ts";
import type { VNode } from "./framework/preact.ts";
import type { ArraySource } from "./previews/arrays/array_source.ts";
import type { ShownFile } from "./previews/parts.ts";

/** A part of the page that may be absent. */
export interface PageExtension {
  /** One word: `ome`. */
  readonly name: string;
  /** Opens a group of zarr that it knows by its attributes; else returns undefined. */
  openGroup?(store: ZarrStore, options: OpenGroupOptions): Promise<OpenedGroup> | undefined;
  readonly loadSignIn?: LoadSignIn;
}

export interface OpenGroupOptions {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

export interface OpenedGroup {
  /** Its arrays, the largest first. */
  readonly levels: readonly ArrayLevel[];
  /** Draws one of them. */
  Picture(props: { source: ArraySource; file: ShownFile }): VNode;
}

/** An array of a group, such as an image in one size. */
export interface ArrayLevel {
  readonly name: string;
  readonly source: ArraySource;
}
