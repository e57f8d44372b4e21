import { NOBODY, type Told } from "./markers.ts";
import type { World } from "./world.ts";

/** What bob is to see of alice: all her resources, or the one that counts most. */
export function dueToSip({ xmpp, leave, scene }: World, s: number, x: number): Told {
  const maySee = xmpp.contactOf(s, x).from === "yes" && !leave.isShutOut(s, x);
  const markers = maySee ? xmpp.markersFor(s, x) : [];
  const shown = scene.profile === "simple" ? markers : markers.slice(0, 1);
  return { isOpen: markers.length > 0, markers: shown };
}

/** What alice is to see of bob: what he shows to her, or publishes for all, whichever came last. */
export function dueToXmpp({ xmpp, presentities, publishers }: World, s: number, x: number): readonly Told[] {
  const attitude = presentities.attitudeTo(s, x);
  const maySee = xmpp.contactOf(s, x).to !== "none" && (attitude === "grant" || attitude === "block");
  const sources = maySee ? [presentities.shownTo(s, x), publishers.shownBy(s)] : [];
  const open = sources.filter((source) => source?.isOpen) as Told[];
  return open.length === 0 ? [NOBODY] : open;
}

/** In whatever order the resources are named. */
export function looksLike(a: Told, b: Told): boolean {
  return a.isOpen === b.isOpen && [...a.markers].sort().join() === [...b.markers].sort().join();
}
