import { parse } from "ltx";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DriverRig } from "./driver-rig.ts";
import { message } from "./link-rig.ts";
import { Prosody } from "./prosody.ts";

const SECRET = "s\u00e9cret-of-the-link";

describe("a link to a real Prosody", () => {
  let prosody: Prosody;
  const rigs: DriverRig[] = [];

  const link = (domain = "contoso.example", secret = SECRET): DriverRig => {
    const rig = new DriverRig(prosody.port, secret, { domain });
    rigs.push(rig);
    rig.driver.start();
    return rig;
  };

  beforeAll(async () => {
    prosody = await Prosody.prepare(["contoso.example", "fabrikam.example"], SECRET);
    await prosody.start();
  });
  afterAll(async () => {
    await Promise.all(rigs.map((rig) => rig.driver.stop()));
    await prosody.remove();
  });

  test("messages, discovery, a killed server and its return", async () => {
    const contoso = link();
    await contoso.until("up");

    contoso.driver.send(message("known"), "known");
    await contoso.until("taken known");
    expect(contoso.lines).toEqual(["up", "taken known"]);

    const unknown = message("unknown");
    unknown.attrs.to = "nobody@example.com";
    contoso.driver.send(unknown, "unknown");
    await contoso.until("taken unknown");
    expect(contoso.lines[2]).toMatch(/^< <message .*type=.error.*service-unavailable/s);
    expect(contoso.lines.indexOf("taken unknown")).toBe(3);

    const fabrikam = link("fabrikam.example");
    await fabrikam.until("up");
    fabrikam.driver.send(
      parse(
        '<iq from="eve@fabrikam.example/x" to="contoso.example" id="d1" type="get"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>',
      ),
    );
    expect(await fabrikam.until("< <iq")).toContain("jid\\20escaping");
    for (let n = 0; n < 100; n++) {
      const relayed = message(`n${n}`);
      relayed.attrs.from = "eve@fabrikam.example";
      relayed.attrs.to = "bob@contoso.example";
      relayed.getChild("body")?.t(` \u{1f600}\u0000`);
      fabrikam.driver.send(relayed, `n${n}`);
    }
    await fabrikam.until("taken n99");
    await contoso.until(/<body>n99 /);
    const bodies = contoso.lines.slice(4).map((line) => /<body>(.*)<\/body>/.exec(line)?.[1]);
    expect(bodies).toEqual(Array.from({ length: 100 }, (_, n) => `n${n} \u{1f600}\ufffd`));

    const before = contoso.lines.length;
    await prosody.kill();
    expect(await contoso.until("down", before)).toBe("down: the connection to the XMPP server was lost");
    expect(contoso.driver.isUp).toBe(false);
    contoso.driver.send(message("held"), "held");
    await prosody.start();
    await contoso.until("up", before);
    await contoso.until("taken held", before);
  });

  test("a wrong secret is told, and never repeated", async () => {
    const rig = link("contoso.example", "wrong-secret");
    const down = await rig.until("down");
    expect(down).toBe("down: the XMPP server refused the component's secret (not-authorized)");
    await rig.driver.stop();
    expect(rig.lines.join()).not.toContain("wrong-secret");
  });

  test("a domain that the server does not know is told", async () => {
    const rig = link("stranger.example");
    expect(await rig.until("down")).toContain("no component of this domain");
    await rig.driver.stop();
  });

  test("a second link of one domain is refused, and the first goes on", async () => {
    const first = rigs[0] as DriverRig;
    const rig = link();
    expect(await rig.until("down")).toContain("another connection already serves this component domain");
    await rig.driver.stop();
    expect(first.driver.isUp).toBe(true);
  });
});
