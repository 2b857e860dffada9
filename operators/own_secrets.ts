// Variables of Holdfast itself that hold a secret.
export const ENGINE_VARIABLE = "HOLDFAST_ENGINE";

/** The token of the registry, where that is a service. A step that calls the service asks for it. */
export const TOKEN_VARIABLE = "HOLDFAST_TOKEN";

export const OWN_SECRETS: readonly string[] = [TOKEN_VARIABLE, ENGINE_VARIABLE];
