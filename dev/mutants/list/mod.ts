// All mutants.
import type { Mutant } from "../mutant.ts";
import { DISK } from "./disk.ts";
import { GARBAGE } from "./garbage.ts";
import { PROTOCOL } from "./protocol.ts";
import { SAVING } from "./saving.ts";

export const MUTANTS: readonly Mutant[] = [...PROTOCOL, ...SAVING, ...DISK, ...GARBAGE];
