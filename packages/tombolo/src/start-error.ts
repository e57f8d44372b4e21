/** Why the program can't start, said in one sentence for the administrator. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}
