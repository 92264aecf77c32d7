// Numbers, times and spans as people read them, each with its unit. null is unknown, and says so.
import { language, t } from "./words.js";

const KST = "Asia/Seoul";
const stamp = new Intl.DateTimeFormat("sv-SE", {
  timeZone: KST, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

const known = (value) => typeof value === "number" && Number.isFinite(value);

/** 2026-11-29 19:45:02, Korean time. */
export function kst(ms) {
  return known(ms) ? stamp.format(new Date(ms)) : t("unknown");
}

/** 19:45:02; with the date where that is another day than `now`. */
export function clock(ms, now = null) {
  if (!known(ms)) return t("unknown");
  const [day, time] = kst(ms).split(" ");
  return now !== null && kst(now).split(" ")[0] !== day ? `${day.slice(5)} ${time}` : time;
}

/** 19:45:02.318, for what is told in milliseconds. */
export function exactClock(ms) {
  return known(ms) ? `${clock(ms)}.${String(Math.trunc(ms) % 1000).padStart(3, "0")}` : t("unknown");
}

export function number(value, places = 0) {
  if (!known(value)) return t("unknown");
  return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** Up to six significant digits, as prices are read. */
export function price(value) {
  if (!known(value)) return t("unknown");
  const size = Math.abs(value);
  const places = size >= 1000 ? 0 : size >= 1 ? 2 : size === 0 ? 0 : Math.min(12, 3 - Math.floor(Math.log10(size)));
  return value.toLocaleString("en-US", { maximumFractionDigits: places });
}

export const krw = (value) => (known(value) ? `₩${price(value)}` : t("unknown"));
export const usdt = (value) => (known(value) ? `${price(value)} USDT` : t("unknown"));

/** 1.23M, 45.6k; `unit` behind it. */
export function large(value, unit) {
  if (!known(value)) return t("unknown");
  const size = Math.abs(value);
  for (const [scale, name] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= scale) return `${number(value / scale, 2)}${name} ${unit}`;
  }
  return `${number(value, size < 10 ? 2 : 0)} ${unit}`;
}

/** Korean readers count in 만, 억, 조. */
export function won(value) {
  if (!known(value)) return t("unknown");
  if (language() !== "ko") return `₩${large(value, "").trim()}`;
  const size = Math.abs(value);
  for (const [scale, name] of [[1e12, "조"], [1e8, "억"], [1e4, "만"]]) {
    if (size >= scale) return `${number(value / scale, size / scale < 100 ? 1 : 0)}${name} 원`;
  }
  return `${number(value)}원`;
}

/** Basis points as percent with a sign: 312.5 is +3.13 %. */
export function percent(bps, places = 2) {
  if (!known(bps)) return t("unknown");
  const text = Math.abs(bps / 100).toFixed(places);
  const sign = Number(text) === 0 ? "±" : bps > 0 ? "+" : "−";
  return `${sign}${text.replace(/\B(?=(\d{3})+(?!\d))/g, ",")} %`;
}

/** A part of one as percent. */
export function part(value, places = 1) {
  if (!known(value)) return t("unknown");
  const shown = value * 100;
  return `${number(shown, shown > 0 && shown < 0.1 ? 3 : places)} %`;
}

export function bytes(value) {
  if (!known(value)) return t("unknown");
  return value >= 1e6 ? `${number(value / 1e6, 1)} MB` : value >= 1e3 ? `${number(value / 1e3, 0)} kB` : `${value} B`;
}

/** A length of time in its two largest units; below ten seconds with a tenth, below one in ms. */
export function span(ms) {
  if (!known(ms)) return t("unknown");
  const length = Math.abs(ms);
  if (length < 1000) return `${Math.round(length)} ms`;
  if (length < 10_000) return `${(length / 1000).toFixed(1)}${t("unit_s")}`;
  const seconds = Math.floor(length / 1000);
  const units = [[86_400, t("unit_d")], [3_600, t("unit_h")], [60, t("unit_min")], [1, t("unit_s")]];
  const at = units.findIndex(([size]) => seconds >= size);
  const [size, name] = units[at];
  const below = units[at + 1];
  const rest = below ? Math.floor((seconds % size) / below[0]) : 0;
  return `${number(Math.floor(seconds / size))}${name}${rest ? ` ${rest}${below[1]}` : ""}`;
}

/** "12 s ago"; what lies ahead says "in". */
export function ago(ms, now) {
  if (!known(ms)) return t("never");
  return now >= ms ? t("ago", span(now - ms)) : t("ahead", span(ms - now));
}

/** "+0.31 s": when something came, against a moment before it. */
export function after(ms, since) {
  if (!known(ms) || !known(since)) return "";
  return `${ms < since ? "−" : "+"}${span(ms - since)}`;
}
