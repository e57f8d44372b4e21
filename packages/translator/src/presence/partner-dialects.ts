import { type Partner, screenNamesOf, type TranslatorSettings } from "../settings.ts";
import { DialectMemory } from "./dialect-memory.ts";
import type { PresenceDialect } from "./documents.ts";

/** How each partner's documents are written and read: one object for all pairs of a partner, changed in place by a reload. */
export class PartnerDialects {
  private settings: TranslatorSettings;
  /** By partner's domain as configured: at most one for each that there ever was. */
  private readonly dialects = new Map<string, PresenceDialect>();

  constructor(settings: TranslatorSettings) {
    this.settings = settings;
  }

  of(partner: Partner): PresenceDialect {
    const known = this.dialects.get(partner.domain);
    if (known) return known;
    const dialect = dialectOf(partner, this.settings);
    this.dialects.set(partner.domain, dialect);
    return dialect;
  }

  /** Documents are by these settings from now on, those of running watches too. */
  adopt(settings: TranslatorSettings): void {
    this.settings = settings;
    for (const partner of settings.partners) {
      const known = this.dialects.get(partner.domain);
      if (known) Object.assign(known, dialectOf(partner, settings));
    }
  }
}

function dialectOf(
  partner: Partner,
  { wall, overrides, tellsActivities, xmppSystems }: TranslatorSettings,
): PresenceDialect {
  const { system, presence } = partner.profile;
  return {
    system,
    xmppSystem: "xmpp-third-party",
    xmppSystems,
    pidf: presence.pidf,
    entityScheme: presence.entityScheme,
    tuples: presence.tuples,
    emailScreenNames: screenNamesOf(partner),
    wall,
    overrides,
    tellsActivities,
    memory: new DialectMemory(),
  };
}
