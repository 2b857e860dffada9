// What was read of a configuration, key by key.
import type { NODE_FIELDS, OPERATOR_FIELDS, PIPELINE_FIELDS } from "./table/fields.ts";
import type { Found } from "./table/readers.ts";

/** What was read of the section `pipeline`. */
export type PipelineFound = Found<typeof PIPELINE_FIELDS>;
export type OperatorFound = Found<typeof OPERATOR_FIELDS>;
export type NodeFound = Found<typeof NODE_FIELDS>;
