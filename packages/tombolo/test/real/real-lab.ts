/** The whole program for a test file: started once, used by scenarios in sequence. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lab, type LabOptions, startLab } from "@tombolo/testkit";

export const ROOT = join(import.meta.dirname, "../../../..");

/** A lab in a directory that goes with it. */
export async function startRealLab(options: Omit<LabOptions, "dir" | "root" | "say"> = {}): Promise<Lab> {
  const dir = mkdtempSync(join(tmpdir(), "tombolo-real-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  const starting = startLab({ ...options, dir: join(dir, "lab"), root: ROOT });
  starting.catch(remove);
  const lab = await starting;
  return { ...lab, stop: () => lab.stop().finally(remove) };
}
