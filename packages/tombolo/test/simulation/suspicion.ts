import type { Agenda } from "./agenda.ts";

/** As in the program's own `PartnerWatch`, ms. */
const ASK_AFTER = 5_000;

/** Notices that the partner may have been restarted, as `PartnerWatch` does, in virtual time. */
export class Suspicion {
  private readonly agenda: Agenda;
  private readonly onBack: () => void;
  private connections = 0;
  private isSuspect = false;
  private serial = 0;

  constructor(agenda: Agenda, onBack: () => void) {
    this.agenda = agenda;
    this.onBack = onBack;
  }

  opened(): void {
    this.connections += 1;
    this.back();
  }

  closed(): void {
    this.connections -= 1;
    if (this.connections > 0) return;
    this.isSuspect = true;
    const serial = ++this.serial;
    this.agenda.in(ASK_AFTER, () => {
      if (serial === this.serial) this.back();
    });
  }

  breaker(state: "open" | "closed"): void {
    this.serial += 1;
    if (state === "open") this.isSuspect = true;
    else this.back();
  }

  private back(): void {
    this.serial += 1;
    if (!this.isSuspect) return;
    this.isSuspect = false;
    this.onBack();
  }
}
