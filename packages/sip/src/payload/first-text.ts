import { decodeBase64 } from "./base64.ts";
import { parseMediaType } from "./media-type.ts";
import { decodeTextBody } from "./text-body.ts";

/**
 * The text that rides in a header of an INVITE: a media type whose parameter `ms-body` holds the base64 of the body
 * (`text/plain; charset=UTF-8; ms-body=SGk=`). Undefined when there is none, or none that can be read.
 */
export function readFirstText(header: string | undefined): string | undefined {
  const mediaType = header === undefined ? undefined : parseMediaType(header);
  const bytes = decodeBase64(mediaType?.params.get("ms-body") ?? "");
  if (!mediaType || !bytes || bytes.length === 0) return undefined;
  const charset = mediaType.params.get("charset") ?? "utf-8";
  const reading = decodeTextBody(`${mediaType.type}; charset="${charset.replace(/["\\]/g, "")}"`, bytes);
  return reading.ok && reading.text !== "" ? reading.text : undefined;
}
