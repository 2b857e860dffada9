// Names of records and results of runs.

const RECORD_OF_RUN = /^(.+?):(?:run|result|cancel|(?:step|failure|shards|inputs):.+)$/s;

/** Returns true for a name that runs of a pipeline gave to their records. */
export function isRecord(name: string, names: ReadonlySet<string>): boolean {
  const [, pipeline] = RECORD_OF_RUN.exec(name) ?? [];
  return pipeline !== undefined && names.has(`${pipeline}:run`);
}

/** The name whose versions are the results of the runs of a pipeline. */
export function resultsName(pipeline: string): string {
  return `${pipeline}:result`;
}

/** Returns the pipeline of a run: `training` of `training@3`. */
export function pipelineOf(run: string): string {
  return run.slice(0, run.lastIndexOf("@"));
}

/** Returns the run whose result a version is; undefined of other versions. */
export function runOfResult({ name, metadata: { pipeline, run } }: {
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}): string | undefined {
  const isResult = typeof pipeline === "string" && name === resultsName(pipeline);
  return isResult && typeof run === "string" && pipelineOf(run) === pipeline ? run : undefined;
}
