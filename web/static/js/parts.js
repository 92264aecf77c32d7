// Small parts that several views share: badges, verdicts, the figures of a listing.
import { h } from "./dom.js";
import { ago, kst, percent } from "./format.js";
import { exchangeName, pick, t, word } from "./words.js";

const VERDICT_TONE = { GO: "good", READY: "good", UNKNOWN: "warn", NO_GO: "calm", NOT_READY: "calm", INFO: "calm" };
const LEVELS = { 50: ["bad", "CRITICAL"], 40: ["warn", "HIGH"], 30: ["calm", "MEDIUM"], 20: ["calm", "LOW"], 10: ["calm", "INFO"] };

export function badge(text, tone = "calm") {
  return h("span", { class: `badge ${tone}` }, text);
}

export function verdictBadge(verdict) {
  return verdict ? badge(word("verdict", verdict.verdict), VERDICT_TONE[verdict.verdict] ?? "calm") : badge(t("not_judged"));
}

export function levelBadge(level) {
  const [tone, name] = LEVELS[level] ?? ["calm", String(level)];
  return badge(name, tone);
}

export function stateBadge(state) {
  return badge(word("state", state), state === "trading" ? "good" : state === "cancelled" ? "warn" : "calm");
}

/** Coin and exchange, leading to the listing's own view. */
export function coinLink(listing) {
  return h("a", { href: `#/listing/${listing.id}`, "data-key": `listing ${listing.id}` }, h("strong", {}, listing.base), " ", h("span", { class: "muted" }, exchangeName(listing.exchange)));
}

const LONG = 90;

/** A long sentence by its beginning, the rest on demand. */
export function short(text, key) {
  if (text.length <= LONG) return text;
  const end = text.search(/[(;]/);
  const head = end > 8 && end <= LONG ? text.slice(0, end).trim() : `${text.slice(0, LONG - 10).trim()}…`;
  return h("details", { class: "short", "data-key": `short ${key}` }, h("summary", { "data-key": `summary ${key}` }, head), h("p", {}, text));
}

export function reasons(verdict) {
  const all = [...verdict.blockers.map((each) => ["bad", each]), ...verdict.warnings.map((each) => ["warn", each])];
  if (!all.length) return null;
  return h("ul", { class: "reasons" }, all.map(([tone, each]) => h("li", { class: tone }, pick(each.text))));
}

/** Pairs of a name and a value. */
export function pairs(rows, extra = "") {
  return h("dl", { class: `pairs ${extra}`.trim() }, rows.filter(Boolean).map(([name, ...value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** What a verdict's figure says, with how old it is. */
export function figure(name, bps, tone = null) {
  return h("div", { class: "figure" }, h("span", { class: "muted" }, name), h("b", { class: bps === null || bps === undefined ? "unknown" : tone }, percent(bps ?? null)));
}

/** Where a rate comes from: the step that gave it, or the service without the path it was asked at. */
export function rateSource(rate) {
  return word("rate", rate.source.split(" ")[0]);
}

export function when(ms, now) {
  return ms === null ? t("unknown") : h("span", { title: `${kst(ms)} KST` }, ago(ms, now));
}

/** A value that may be unknown, marked so that it can be told from a number at a glance. */
export function maybe(text) {
  return text === t("unknown") ? h("span", { class: "unknown" }, text) : text;
}

export function section(title, ...children) {
  const id = `s-${Math.abs([...title].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) | 0, 7))}`;
  return h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, title), children);
}
