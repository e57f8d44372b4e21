/** The files by which partners' certificates are judged, read and judged themselves before anything starts. */
import { resolve } from "node:path";
import { RevocationListError, readRevocationLists } from "@tombolo/sip/io";
import { readRoots } from "./certificates.ts";
import type { Context } from "./context.ts";
import { readSmallFile } from "./document.ts";
import type { Path } from "./finding.ts";

/** Largest file of revocation lists, in bytes; some hundred thousand entries. */
export const MAX_CRL_BYTES = 33_554_432;

/** The roots in `file`, PEM. Undefined where there is none, or where something is wrong with it, which is reported. */
export function readPartnerRoots(file: string | undefined, path: Path, context: Context): string | undefined {
  if (file === undefined) return undefined;
  const { folder, now, report } = context;
  return readRoots(file, { path, advertise: undefined, folder, now }, report);
}

/** The revocation lists in `file`. Undefined where there are none, or where they can't be used, which is reported. */
export function readRevocations(
  file: string | undefined,
  path: Path,
  { folder, now, report }: Context,
): Uint8Array | undefined {
  if (file === undefined) return undefined;
  const at = [...path, "crl"];
  const read = readSmallFile(resolve(folder, file), MAX_CRL_BYTES);
  if ("trouble" in read) {
    const cure = "write the path of a revocation list, PEM or DER";
    report("error", at, `${file} ${read.trouble}`, cure);
    return undefined;
  }
  try {
    const late = readRevocationLists(read.bytes).filter(({ nextUpdate }) => (nextUpdate ?? now) < now);
    if (late.length > 0) {
      const day = new Date(late[0]!.nextUpdate!).toISOString().slice(0, 10);
      const message = `the revocation list ${file} should have been replaced on ${day}`;
      report(
        "warning",
        at,
        message,
        "fetch it anew from the CA, and send SIGHUP; until then this one counts",
      );
    }
  } catch (error) {
    if (!(error instanceof RevocationListError)) throw error;
    const cure = "write a revocation list as the CA publishes it: PEM (-----BEGIN X509 CRL-----) or DER";
    report("error", at, `${file} ${error.message}`, cure);
    return undefined;
  }
  return read.bytes;
}
