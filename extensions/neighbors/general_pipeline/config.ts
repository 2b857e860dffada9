// A configuration of general_pipeline as it was read.
export interface ConfigFile {
  /** Relative to the folder of the configuration. */
  readonly path: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The description of a node or an operator. */
export interface Described extends ConfigFile {
  readonly id: string;
  /** Absent if the file of the pipeline contains it. */
  readonly version?: string;
}

export interface Project {
  readonly pipeline: ConfigFile;
  readonly nodes: readonly Described[];
  readonly operators: readonly Described[];
}

/** A key that has no meaning in a pipeline of Holdfast, or another one. */
export interface Note {
  readonly file: string;
  readonly key: string;
  readonly note: string;
}

/** The files of a pipeline. */
export interface Converted {
  readonly files: Readonly<Record<string, { head: readonly string[]; value: object }>>;
  readonly notes: readonly Note[];
  /** Commands that general_pipeline ran at its start, to be run in the new folder. */
  readonly commands: readonly string[];
}
