/** Code pages of RTF (\ansicpg, \cpg) as labels of the Encoding Standard; others read as windows-1252. */
const CODE_PAGES: ReadonlyMap<number, string> = new Map([
  [850, "windows-1252"],
  [866, "ibm866"],
  [874, "windows-874"],
  [932, "shift_jis"],
  [936, "gbk"],
  [949, "euc-kr"],
  [950, "big5"],
  ...Array.from({ length: 9 }, (_, index): [number, string] => [1250 + index, `windows-${1250 + index}`]),
  [10000, "macintosh"],
  [10007, "x-mac-cyrillic"],
  [20866, "koi8-r"],
  [54936, "gb18030"],
  [65001, "utf-8"],
]);

/** Font character sets (\fcharset) as code pages; 0 and 1 say nothing. */
const FONT_CHARSETS: ReadonlyMap<number, number> = new Map([
  [77, 10000],
  [128, 932],
  [129, 949],
  [134, 936],
  [136, 950],
  [161, 1253],
  [162, 1254],
  [163, 1258],
  [177, 1255],
  [178, 1256],
  [186, 1257],
  [204, 1251],
  [222, 874],
  [238, 1250],
]);

export function labelOfCodePage(codePage: number): string {
  return CODE_PAGES.get(codePage) ?? "windows-1252";
}

/** Undefined where the font leaves it to the document. */
export function labelOfFontCharset(charset: number): string | undefined {
  const codePage = FONT_CHARSETS.get(charset);
  return codePage === undefined ? undefined : CODE_PAGES.get(codePage);
}
