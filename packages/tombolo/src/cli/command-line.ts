/** The command line: which commands there are, and how each ends. Commands load what they need when they are called. */
import { Command, CommanderError } from "commander";
import { nearest } from "../config/suggestion.ts";
import { VERSION } from "../version.ts";
import { askCommands } from "./ask.ts";
import { checkCommand } from "./check.ts";
import { doctorCommand } from "./doctor.ts";
import { CommandError, complain, type Ending, FAILED, FINE, WRONG_USAGE } from "./exit.ts";
import { mapCommand } from "./map.ts";
import { pkiCommand } from "./pki.ts";
import { policyCommand } from "./policy.ts";
import { runCommand } from "./run.ts";

function createProgram(end: Ending): Command {
  const program = new Command("tombolo")
    .description("Joins SIP/SIMPLE federation partners to an XMPP server: TLS edge, presence and IM gateway.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .addHelpText("after", "\nExit codes: 0 fine, 1 findings or failure, 2 wrong usage.");
  const commands = [
    runCommand(end),
    checkCommand(end),
    doctorCommand(end),
    mapCommand(end),
    ...askCommands(end),
    policyCommand(end),
    pkiCommand(end),
  ];
  for (const command of commands) program.addCommand(command);
  forAll(program, (command) => {
    command.exitOverride().configureOutput({ outputError: () => undefined, writeErr: () => undefined });
    command.helpOption("-h, --help", "print this help");
  });
  return program;
}

function forAll(command: Command, act: (command: Command) => void): void {
  act(command);
  for (const own of command.commands) forAll(own, act);
}

/** The command that the words name, as far as they name one, and the first word after them. */
function walk(program: Command, args: readonly string[]): { command: Command; path: string; next: string } {
  let command = program;
  const path: string[] = [];
  for (const word of args.filter((arg) => !arg.startsWith("-"))) {
    const own = command.commands.find((candidate) => candidate.name() === word);
    if (!own) return { command, path: path.join(" "), next: word };
    command = own;
    path.push(word);
  }
  return { command, path: path.join(" "), next: "" };
}

/** Commander's complaint as one sentence that names the allowed words. */
function usageMessage(error: CommanderError, program: Command, args: readonly string[]): string {
  const { command, path, next: word } = walk(program, args);
  const names = command.commands.map((candidate) => candidate.name());
  const plain = error.message
    .replace(/^error: /, "")
    .split("\n")[0]!
    .replace(/[.]+$/, "");
  if (error.code === "commander.help") return `no command is given; write one of ${names.join(", ")}`;
  if (error.code === "commander.unknownCommand") {
    const meant = nearest(word, names);
    const hint = meant === undefined ? "" : ` (did you mean '${meant}'?)`;
    return `unknown command '${word}'${hint}; write one of ${names.join(", ")}`;
  }
  if (error.code === "commander.unknownOption") {
    const options = command.options.map((option) => option.long ?? option.short);
    return `${plain}; write one of ${[...options, "--help"].join(", ")}`;
  }
  return `${plain}; tombolo ${path === "" ? "" : `${path} `}--help says how`;
}

/** Runs one command line (without node and the script) and gives the exit code. Never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = FINE;
  const program = createProgram((code) => {
    exitCode = code;
  });
  if (args.length === 0) {
    process.stderr.write(program.helpInformation());
    return WRONG_USAGE;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return FINE;
      complain(usageMessage(error, program, args));
      return WRONG_USAGE;
    }
    if (error instanceof CommandError) {
      complain(error.message);
      return error.exitCode;
    }
    complain(`unexpected failure: ${error instanceof Error ? error.message : String(error)}`);
    return FAILED;
  }
}
