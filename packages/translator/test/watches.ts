import { type Body, formatDeltaSeconds, type HeaderFields } from "@tombolo/sip";
import { ALICE, type Bed } from "./bed.ts";

/** A SUBSCRIBE of bob's. */
export function subscribe(
  bed: Bed,
  options: {
    expires?: number;
    dialog?: string;
    headers?: HeaderFields;
    from?: string;
    to?: string;
    partner?: string;
  } = {},
) {
  const { expires = 3600, headers = [], ...rest } = options;
  return bed.request("SUBSCRIBE", {
    ...rest,
    headers: [["Event", "presence"], ["Expires", formatDeltaSeconds(expires)], ...headers],
  });
}

/** bob subscribes, alice accepts and shows herself: his dialog. */
export function watched(bed: Bed, presence = ""): string {
  const dialog = `d${subscribe(bed).slice(1)}`;
  bed.outcome("NOTIFY", 200);
  bed.presence("subscribed");
  bed.presence(undefined, presence, `${ALICE}/desk`);
  bed.outcome("NOTIFY", 200);
  bed.advance(5000);
  bed.out();
  return dialog;
}

export function pidf(inside: string, entity = "sip:bob@contoso.example"): Body {
  const xml = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}">${inside}</presence>`;
  return { type: "application/pidf+xml", bytes: new TextEncoder().encode(xml) };
}

export function tuple(basic: string, activity?: string, note?: string): string {
  const activities = activity ? `<activities><activity>${activity}</activity></activities>` : "";
  const words = note ? `<note>${note}</note>` : "";
  return `<tuple id="t"><status><basic>${basic}</basic>${activities}</status>${words}</tuple>`;
}

export function notify(
  bed: Bed,
  dialog: string,
  state: string,
  body?: Body,
  options: { opening?: string; headers?: HeaderFields } = {},
): number | undefined {
  const { opening, headers = [] } = options;
  const ref = bed.request("NOTIFY", {
    dialog,
    ...(opening === undefined ? {} : { opening }),
    ...(body && { body }),
    headers: [["Event", "presence"], ["Subscription-State", state], ...headers],
  });
  return bed.answerTo(ref)?.status;
}

/** alice subscribes, bob's side accepts and shows him: our dialog. */
export function watching(bed: Bed, document: Body = pidf(tuple("open"))): string {
  bed.presence("subscribe", "", ALICE, undefined, "ask");
  const dialog = bed.outcome("SUBSCRIBE", 200, { headers: [["Expires", "7200"]] })!;
  notify(bed, dialog, "active;expires=7200", document);
  bed.out();
  return dialog;
}
