// The first contact with a bucket: how long it is tried, and where that was, for messages.
import { fault, type RegistryError, retold } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import { createFirstContact, NO_FIRST_ANSWER, REACH_HINT } from "../bucket/first_contact.ts";
import type { FirstContact } from "../bucket/first_contact.ts";
import type { S3Wire } from "./calls.ts";
import { NO_CREDENTIALS } from "./meanings.ts";

export interface S3Contact extends FirstContact {
  asked(host: string): void;
  /** Lets the SDK look for credentials where nobody gave any, until it found some once. */
  findCredentials(wire: S3Wire): Promise<void>;
  /** The error of a request, with where that was: of a store that never answered, as one that cannot be reached. */
  told(error: RegistryError): RegistryError;
}

export interface S3ContactOptions {
  bucket: string;
  endpoint?: string;
  region?: string;
  /** The `location` of the backend. */
  location: string;
  looks: boolean;
  system: System;
  /** False where the caller said how long to wait. */
  bounded: boolean;
}

export function createS3Contact(options: S3ContactOptions): S3Contact {
  const { bucket, location, looks, system, bounded } = options;
  let host = options.endpoint === undefined ? undefined : new URL(options.endpoint).host;
  let looking = false;
  let found = !looks;

  const silence = () =>
    told(
      fault({
        action: "wait",
        state: looking ? `${NO_CREDENTIALS.state} (nothing answered in time)` : NO_FIRST_ANSWER,
        ...(looking
          ? { code: "Denied", hint: NO_CREDENTIALS.hint }
          : { code: "Unavailable", hint: "Check the endpoint and the network." }),
      }),
    );
  const first = createFirstContact({ system, bounded, silence });

  function told(error: RegistryError): RegistryError {
    const region = options.region ?? system.env("AWS_REGION");
    const at = host ?? (region === undefined ? "s3.amazonaws.com" : `s3.${region}.amazonaws.com`);
    const { code, message, retry } = error;
    if (first.made) {
      return retold(error, {
        message: `${message} (bucket "${bucket}" at ${at})`,
        backend: location,
      });
    }
    const where = region === undefined ? at : `${at} (region ${region})`;
    const hint = code === "Unavailable" && retry === "later"
      ? `${error.hint} ${REACH_HINT}`
      : error.hint;
    return retold(error, {
      hint,
      message: `Cannot reach bucket "${bucket}" at ${where}: ${
        message.slice(message.indexOf(": ") + 2)
      }`,
      backend: location,
    });
  }

  return {
    get made() {
      return first.made;
    },
    make: first.make,
    within: first.within,
    asked: (asked) => void (host = asked),
    async findCredentials(wire) {
      if (found) return;
      looking = true;
      try {
        await wire.signer();
        found = true;
      } finally {
        looking = false;
      }
    },
    told,
  };
}
