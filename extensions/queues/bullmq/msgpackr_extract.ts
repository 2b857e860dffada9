// Pins `msgpackr-extract` for BullMQ: some optional packages of 3.0.7 were never published, and
// Deno resolves those of all platforms. This must be imported before BullMQ.
import "npm:msgpackr-extract@3.0.4";
