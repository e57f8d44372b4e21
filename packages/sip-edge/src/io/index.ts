export type { DriverObservation } from "./driver-observation.ts";
export { type ConnectionView, DEFAULT_TICK_MS, EdgeDriver, type EdgeDriverOptions } from "./edge-driver.ts";
export { type Locate, type Location, locatePartner, MAX_TARGETS } from "./locate.ts";
