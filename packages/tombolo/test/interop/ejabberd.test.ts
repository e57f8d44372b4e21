/** The whole program with a real ejabberd. */
import { describe } from "vitest";
import { xmppServerSuite } from "./xmpp-server-suite.ts";

describe("ejabberd", () => {
  xmppServerSuite("ejabberd", {
    unknownUser: 480,
    // Each user's client is a process of its own there, which refuses when it comes to it.
    blocking: "perhaps afterwards",
    // It says the same of a domain that it does not know as of a wrong secret.
    unknownDomain: /refused the component's secret/,
  });
});
