// Errors in the words of MLflow. `answers.ts` gives them its codes.
import { RegistryError } from "../../../core/kernel.ts";
import { noSuch, wrong } from "../../runs/mlflow/ids.ts";

export { noSuch, wrong };

/** Returns the error `INVALID_PARAMETER_VALUE` about the value of a parameter. */
export function invalid(name: string, value: unknown, state: string): RegistryError {
  const long = typeof value === "string" ? value.slice(0, 200) : value;
  const shown = (JSON.stringify(long) ?? "").slice(0, 200);
  return wrong(`Invalid value ${shown} for parameter '${name}' supplied: ${state}`);
}

/** Returns the error of a query or a body that a schema refuses. */
export function refused(
  { at, state, value }: { at: string; state: string; value: unknown },
): RegistryError {
  const name = at.replace(/\.(\d+)/g, "[$1]");
  if (state === "missing") return wrong(`Missing value for required parameter '${name}'.`);
  const [, kind] = /^Invalid type: Expected (Array|Object) /.exec(state) ?? [];
  if (kind !== undefined) {
    return invalid(name, value, kind === "Array" ? "it is not a list" : "it is not an object");
  }
  const [, most] = /^Invalid length: Expected <=(\d+)/.exec(state) ?? [];
  if (most === undefined) return invalid(name, value, state);
  const count = Array.isArray(value) ? value.length : "more";
  return wrong(`A request can contain at most ${most} ${name}. Got ${count} ${name}`);
}

/** Returns the error `RESOURCE_ALREADY_EXISTS`. */
export function exists(message: string): RegistryError {
  return new RegistryError({ code: "AlreadyExists", message });
}

/** Returns the error `NOT_IMPLEMENTED`. */
export function unsupported(message: string, hint?: string): RegistryError {
  return new RegistryError({ code: "Unsupported", message, hint });
}

export function noSuchLoggedModel(id: string): Error {
  return noSuch(`Logged model with ID '${id.slice(0, 256)}' not found`);
}
