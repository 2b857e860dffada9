// Errors in the words of MLflow. `answers.ts` gives them its codes.
import { RegistryError } from "../../core/kernel.ts";

/** Returns the error `RESOURCE_DOES_NOT_EXIST`. */
export function noSuch(message: string, hint?: string): RegistryError {
  return new RegistryError({ code: "NotFound", message, hint });
}

/** Returns the error `INVALID_PARAMETER_VALUE`. */
export function wrong(message: string, hint?: string): RegistryError {
  return new RegistryError({ code: "Invalid", message, hint });
}

/** Returns the error `INVALID_PARAMETER_VALUE` about the value of a parameter. */
export function invalid(name: string, value: unknown, state: string): RegistryError {
  const shown = (JSON.stringify(value) ?? "").slice(0, 200);
  return wrong(`Invalid value ${shown} for parameter '${name}' supplied: ${state}`);
}

/** Returns the error `RESOURCE_ALREADY_EXISTS`. */
export function exists(message: string): RegistryError {
  return new RegistryError({ code: "AlreadyExists", message });
}

/** Returns the error `NOT_IMPLEMENTED`. */
export function unsupported(message: string, hint?: string): RegistryError {
  return new RegistryError({ code: "Unsupported", message, hint });
}
