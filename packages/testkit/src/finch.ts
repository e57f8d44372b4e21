import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { escapeXML } from "ltx";
import { endWithUs } from "./end-with-us.ts";

export interface FinchOptions {
  /** Bare address of the user, without scheme. */
  readonly user: string;
  /** Its home server on 127.0.0.1, plain TCP. */
  readonly port: number;
}

/** A running Finch (libpurple) with the SIPE plugin: a client of Communicator's kind, steered over a D-Bus of its own. */
export interface Finch {
  /** Writes to a bare address, in the conversation there is or a new one. */
  send(to: string, text: string): Promise<void>;
  /** What it shows of the conversation with a bare address: texts of the other side, oldest first, as HTML. */
  texts(from: string): Promise<string[]>;
  /** Its debug output. */
  output(): string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
/** How long Finch may take until it answers on its D-Bus, ms. */
const START_MS = 15_000;
const POLL_MS = 100;
/** libpurple's PURPLE_CONV_TYPE_IM and PURPLE_MESSAGE_RECV. */
const IM = 1;
const RECEIVED = 0x0002;

/** Starts Finch in a pseudo terminal, which it insists on, with one account that signs in by itself. Needs no rights. */
export async function startFinch(options: FinchOptions): Promise<Finch> {
  const dir = mkdtempSync(join(tmpdir(), "testkit-finch-"));
  const purple = join(dir, "purple");
  mkdirSync(purple);
  writeFileSync(join(purple, "accounts.xml"), account(options));
  const bus = spawn("dbus-daemon", ["--session", "--nofork", "--print-address"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const busEnded = endWithUs(() => bus.kill("SIGKILL"));
  const address = await new Promise<string>((resolve, reject) => {
    bus.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
    bus.once("error", reject);
  });
  const env = {
    ...process.env,
    HOME: dir,
    TERM: "xterm",
    LC_ALL: "C.UTF-8",
    DBUS_SESSION_BUS_ADDRESS: address,
  };
  const log = join(dir, "finch.log");
  const finch = spawn("script", ["-qefc", `finch -d -c '${purple}' 2>'${log}'`, "/dev/null"], {
    env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const finchEnded = endWithUs(() => finch.kill("SIGKILL"));
  const remote = new Remote(env);
  const stop = async () => {
    await remote.call("PurpleCoreQuit").catch(() => {});
    await ended(finch);
    await ended(bus);
    finchEnded();
    busEnded();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const id = await remote.account();
    return {
      async send(to, text) {
        const conversation = await remote.number("PurpleConversationNew", IM, id, `sip:${to}`);
        const im = await remote.number("PurpleConversationGetImData", conversation);
        // What a user types is HTML to libpurple.
        await remote.call("PurpleConvImSend", im, escapeXML(text));
      },
      texts: (from) => remote.texts(id, `sip:${from}`),
      output: () => readFileSync(log, "utf8"),
      stop,
    };
  } catch (error) {
    const said = readFileSync(log, "utf8").slice(-2_000);
    await stop();
    throw new Error(`Finch did not start: ${(error as Error).message}\n${said}`);
  }
}

/** libpurple's functions by D-Bus; objects are numbers there. */
class Remote {
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async call(name: string, ...args: readonly (number | string)[]): Promise<string> {
    const values = args.map((value) => (typeof value === "number" ? `int32:${value}` : `string:${value}`));
    const { stdout } = await run(
      "dbus-send",
      [
        ...[
          "--print-reply=literal",
          "--dest=im.pidgin.purple.PurpleService",
          "/im/pidgin/purple/PurpleObject",
        ],
        ...[`im.pidgin.purple.PurpleInterface.${name}`, ...values],
      ],
      { env: this.#env },
    );
    return stdout;
  }

  async numbers(name: string, ...args: readonly (number | string)[]): Promise<number[]> {
    const answer = await this.call(name, ...args);
    return Array.from(answer.matchAll(/u?int32 (\d+)/g), ([, value]) => Number(value));
  }

  async number(name: string, ...args: readonly (number | string)[]): Promise<number> {
    return (await this.numbers(name, ...args))[0] ?? 0;
  }

  /** The one account, once it is connected. */
  async account(): Promise<number> {
    const until = performance.now() + START_MS;
    for (;;) {
      const [id = 0] = await this.numbers("PurpleAccountsGetAllActive").catch(() => []);
      if (id > 0 && (await this.number("PurpleAccountIsConnected", id)) > 0) return id;
      if (performance.now() > until) throw new Error("its account does not get connected");
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  async texts(account: number, name: string): Promise<string[]> {
    const conversation = await this.number("PurpleFindConversationWithAccount", IM, name, account);
    if (conversation === 0) return [];
    const texts: string[] = [];
    // The newest comes first.
    for (const message of (
      await this.numbers("PurpleConversationGetMessageHistory", conversation)
    ).reverse()) {
      const flags = await this.number("PurpleConversationMessageGetFlags", message);
      if ((flags & RECEIVED) === 0) continue;
      texts.push((await this.call("PurpleConversationMessageGetMessage", message)).trim());
    }
    return texts;
  }
}

function account({ user, port }: FinchOptions): string {
  const [name] = user.split("@");
  const settings = {
    server: `127.0.0.1:${port}`,
    transport: "tcp",
    useragent: "UCCAPI/3.5.6907.0 OC/3.5.6907.0 (Microsoft Office Communicator 2007 R2)",
  };
  const lines = Object.entries(settings).map(
    ([key, value]) => `<setting name='${key}' type='string'>${value}</setting>`,
  );
  return `<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'><account><protocol>prpl-sipe</protocol><name>${user},${name}</name><password>unused</password>
<settings>${lines.join("")}</settings>
<settings ui='gnt-purple'><setting name='auto-login' type='bool'>1</setting></settings></account></account>`;
}

/** Ends a process that may have ended. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 2_000);
  await gone;
  clearTimeout(late);
}
