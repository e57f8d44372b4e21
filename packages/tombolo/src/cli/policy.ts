/** `tombolo policy`: the rules of users about watchers, in the running program. */
import { Command } from "commander";
import type { PolicyView } from "../federation/gateway-desk.ts";
import { type AdminOptions, askAdmin, withAdminOptions } from "./admin-client.ts";
import { print } from "./ask.ts";
import { type Ending, FINE } from "./exit.ts";
import { printable, table } from "./table.ts";

interface RuleView {
  readonly user: string;
  readonly peer: string;
  readonly action?: string;
  /** Why it does nothing. */
  readonly doubt?: string;
}

export function policyCommand(end: Ending): Command {
  const policy = new Command("policy").description("show and change who may watch whom").helpCommand(false);
  policy.addCommand(
    withAdminOptions(new Command("list").description("show all rules")).action(
      async (options: AdminOptions) => {
        print(options, await askAdmin(options, "/api/v1/policy"), policyText);
        end(FINE);
      },
    ),
  );
  const about = {
    allow: "let a user or a domain watch USER, as far as USER's server does",
    block: "show a user or a domain USER offline, and ask nobody",
    remove: "take a rule back",
  };
  for (const [name, description] of Object.entries(about)) {
    policy.addCommand(
      withAdminOptions(new Command(name).description(description))
        .argument("<user>", "XMPP user: alice, or alice@example.com where there are several domains")
        .argument("<peer>", "SIP user or whole domain: bob@contoso.example, contoso.example")
        .action(async (user: string, peer: string, options: AdminOptions) => {
          const path = `/api/v1/policy/users/${encodeURIComponent(user)}/rules/${encodeURIComponent(peer)}`;
          const request =
            name === "remove"
              ? { method: "DELETE" as const }
              : { method: "PUT" as const, body: { action: name } };
          const answer = await askAdmin(options, path, request);
          print(options, answer, ruleText);
          const { doubt } = answer as RuleView;
          if (doubt !== undefined) process.stderr.write(`tombolo: warning: ${printable(doubt)}\n`);
          end(FINE);
        }),
    );
  }
  return policy;
}

function policyText({ unknownWatcher, rules }: PolicyView): string {
  const rows = rules.map(({ user, peer, action, source }) => [user, peer, action, source]);
  return `watchers without a rule: ${unknownWatcher}\n${rows.length === 0 ? "there is no rule\n" : table(["USER", "PEER", "ACTION", "SET BY"], rows)}`;
}

function ruleText(value: RuleView | { readonly removed: RuleView }): string {
  const { user, peer, action } = "removed" in value ? { ...value.removed, action: "no rule" } : value;
  return table(["USER", "PEER", "ACTION"], [[user, peer, action]]);
}
