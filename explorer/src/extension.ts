// Extensions of the page: the parts that it may lack. `extensions.ts` lists them, and views find them
// in the session.
import type { PromotionCondition } from "../../core/registry/conditions/promotion.ts";
import type { ZarrArray, ZarrStore } from "../../formats/zarr.ts";
import type { LoadSignIn } from "./api/grant.ts";
import type { Service } from "./api/service.ts";
import type { ArtifactFile, ArtifactVersion } from "./artifact_file.ts";
import type { Change } from "./components/change_list.ts";
import type { LineLook } from "./components/charts/chart_scales.ts";
import type { VNode } from "./framework/preact.ts";
import type { Place } from "./framework/router.ts";
import type { ArraySource } from "./previews/arrays/array_source.ts";
import type { OpenModel } from "./previews/models/model.ts";
import type { ShownFile } from "./previews/parts.ts";
import type { Made } from "./views/lineage/lineage_part.ts";
import type { ViewEntry } from "./views/mod.ts";

/** A part of the page that may be absent. */
export interface PageExtension {
  /** One word: `ome`. */
  readonly name: string;
  /** The gateway of the service that it asks. Without it, as in a site, the page is without both. */
  readonly asks?: string;
  /** Views before the last one of the page, or in place of that with the same address. */
  readonly views?: readonly ViewEntry[];
  readonly runs?: VersionRuns;
  /** Returns true for a name, of these, that the extension gave to its records. Lists fold them. */
  isInternal?(name: string, names: ReadonlySet<string>): boolean;
  /** Kinds of files that it shows, in place of the page's own. */
  readonly files?: readonly FileKind[];
  /** Opens a group of zarr that it knows by its attributes; else returns undefined. */
  openGroup?(store: ZarrStore, options: OpenGroupOptions): Promise<OpenedGroup> | undefined;
  /** Conditions of promotions that it has words for. The page checks none: a service does. */
  readonly conditions?: Readonly<Record<string, PromotionCondition<never>>>;
  readonly loadSignIn?: LoadSignIn;
  /** Loads what stands above the names of the first view. */
  readonly loadStart?: () => Promise<() => unknown>;
  /** Loads what stands above the versions of a name, and above compared versions of one name. */
  readonly loadOfName?: () => Promise<(props: { name: string }) => unknown>;
  /** Loads what stands beside the table of versions and runs of a name: of some rows, their curves. */
  readonly loadBeside?: () => Promise<(props: BesideProps) => unknown>;
  /** Loads what shows the value of a label, by its name. The form for labels is without it. */
  readonly labels?: Readonly<Record<string, () => Promise<(props: LabelProps) => unknown>>>;
}

export interface BesideProps {
  readonly name: string;
  readonly rows: readonly DrawnRow[];
}

/** A version, or a run that is not finished, whose curves are drawn. */
export interface DrawnRow {
  /** The name of its lines; others have another one. */
  readonly label: string;
  readonly look: LineLook;
  readonly version?: string;
  /** The id of a run that is not finished. */
  readonly run?: string;
}

/** A label of a version or a name. */
export interface LabelProps {
  readonly value: unknown;
  /** The name, or the ref of the version. */
  readonly of: string;
}

/** A kind of file, recognized by its name or first bytes. The extension draws it, or opens it as a model. */
export type FileKind =
  & {
    /** The names, without folders, in lower case. */
    readonly names: RegExp;
    /** Beginnings, a character for each byte, of files whose names are of no kind. */
    readonly heads?: readonly string[];
  }
  & ({
    /** Loads what draws a file. */
    load(): Promise<(props: FileProps) => unknown>;
    readonly loadModel?: undefined;
  } | {
    /** Loads the function that opens a file as a model, which the page draws and compares. */
    loadModel(): Promise<OpenModel>;
  });

export interface FileProps {
  readonly file: ArtifactFile;
  /** Draws the file as the page would: the entries of an archive, or bytes. */
  as(kind: "archive" | "bytes"): VNode;
}

/** Runs that make versions, for the views of these. */
export interface VersionRuns {
  /** Returns the path of the run, or step, that made a version, by its metadata. */
  pathOf(
    made: Readonly<Partial<Record<"run" | "pipeline" | "step", unknown>>>,
  ): Place["path"] | undefined;
  /** Returns the run whose result a version is; undefined of other versions. */
  runOfResult(version: Pick<ArtifactVersion, "name" | "metadata">): string | undefined;
  load(): Promise<LoadedVersionRuns>;
}

interface LoadedVersionRuns {
  /** Draws the curves of what runs saved. */
  Curves(props: { runs: readonly string[] }): unknown;
  readStep(service: Service, made: Made, signal: AbortSignal): Promise<Facts>;
  /** Returns the newest runs as changes. */
  readRecent(service: Service, options: RecentOptions): Promise<readonly Change[]>;
  /** Returns runs that may go on, of the newest, the last begun first. */
  readOpen(service: Service, options: RecentOptions): Promise<readonly OpenRun[]>;
}

/** A run without an end: it goes on, or its program was killed. */
export interface OpenRun {
  readonly id: string;
  readonly href: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Its state, in words. */
  readonly state: string;
  /** When its last step ended, ISO 8601, if that is more than a day ago. */
  readonly silentSince?: string;
}

export type Facts = Readonly<Record<string, unknown>>;

export interface RecentOptions {
  /** All names of the registry. */
  readonly names: readonly string[];
  readonly limit: number;
  readonly signal: AbortSignal;
}

interface OpenGroupOptions {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

export interface OpenedGroup {
  /** Its arrays, the largest first, such as an image in several sizes. */
  readonly levels: readonly { readonly name: string; readonly array: ZarrArray }[];
  /** Names of their axes. */
  readonly axes: readonly string[];
  /** Draws one of them. */
  Picture(props: { source: ArraySource; file: ShownFile }): VNode;
}
