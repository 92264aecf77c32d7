// The first screen: is it healthy, what just happened, is there a trade? Below it, what that rests on.
import { h, show, table } from "../dom.js";
import { ago, bytes, clock, krw, number, part, percent, price, span } from "../format.js";
import { badge, coinLink, figure, levelBadge, maybe, pairs, rateSource, reasons, section, short, stateBadge, verdictBadge, when } from "../parts.js";
import { exchangeName, pick, t, word } from "../words.js";

const TONE = { green: "good", yellow: "warn", red: "bad" };
const CHANNEL_TONE = { up: "good", degraded: "warn", down: "bad", off: "calm" };

export function view(place, { state }) {
  const top = h("div", { class: "hero" });
  const rest = h("div", { class: "grid" });
  place.append(h("h1", { class: "sr" }, t("now")), top, rest);
  const update = (now) => {
    show(top, health(now), happened(now), trade(now));
    show(rest, h("div", { class: "wide" }, newest(now)), h("div", {}, feeds(now), channels(now)), h("div", {}, rates(now), recording(now)), h("div", { class: "wide" }, alerts(now)));
  };
  if (state()) update(state());
  else show(top, h("p", { class: "muted" }, t("loading")));
  return { update, close() {} };
}

function card(title, tone, ...children) {
  const id = `c-${title.length}-${title.codePointAt(0)}`;
  return h("section", { class: `card ${tone}`, "aria-labelledby": id }, h("h2", { id }, title), children);
}

function health(now) {
  const { health } = now;
  const said = now.reasons.map((each) => pick(each));
  return card(t("is_healthy"), TONE[health.status] ?? "calm",
    h("p", { class: "big" }, word("status", health.status)),
    said.length ? h("ul", { class: "reasons" }, said.map((each, i) => h("li", { class: health.status === "red" ? "bad" : "warn" }, short(each, `reason ${i}`)))) : h("p", {}, t("all_well")),
    health.warnings.length ? h("details", { class: "short small", "data-key": "warnings" }, h("summary", { class: "muted", "data-key": "warnings summary" }, t("worth_knowing", health.warnings.length)),
      h("ul", { class: "reasons" }, health.warnings.map((each) => h("li", { class: "calm" }, each)))) : null,
    h("p", { class: "muted small" }, t("up_for", span(now.now_ms - health.started_ms)), " · ", clock(now.now_ms)));
}

function happened(now) {
  const alert = now.alerts[0];
  if (!alert) return card(t("just_happened"), "calm", h("p", { class: "muted" }, t("nothing_happened")));
  const [first, ...lines] = alert.text.trim().split("\n");
  return card(t("just_happened"), "calm",
    h("p", { class: "lead" }, alert.listing_id ? h("a", { href: `#/listing/${alert.listing_id}`, "data-key": "just" }, first) : first),
    h("p", { class: "clamp" }, lines.slice(0, 4).join("\n")),
    h("p", { class: "muted small" }, levelBadge(alert.level), " ", when(alert.created_ms, now.now_ms), " · ", delivery(alert)),
    now.alerts.length > 1 ? h("ul", { class: "also" }, now.alerts.slice(1, 3).map((each) => h("li", {}, h("time", {}, clock(each.created_ms, now.now_ms)), " ", each.text.trim().split("\n")[0]))) : null);
}

function trade(now) {
  const found = now.listings.find((each) => each.listing.id === now.trade);
  if (!found) {
    const last = now.listings[0]?.listing;
    return card(t("is_trade"), "calm", h("p", { class: "big quiet" }, t("no_trade")),
      last ? h("p", { class: "muted" }, t("last_listing", last.base, ago(last.first_seen_ms, now.now_ms))) : null);
  }
  const { listing, verdict } = found;
  const opens = listing.first_trade_ms ?? listing.trading_starts_ms;
  const good = verdict && ["GO", "READY"].includes(verdict.verdict);
  return card(t("is_trade"), good ? "good" : "calm",
    h("p", { class: "big" }, verdict ? word("verdict", verdict.verdict) : t("not_judged"), " ", h("span", { class: "beside" }, coinLink(listing))),
    verdict ? h("div", { class: "figures" }, figure(t("net"), verdict.net_bps, good ? "good" : null), figure(t("excess"), verdict.excess_bps), figure(t("market_premium"), now.market_bps)) : null,
    verdict?.route ? h("p", { class: "small" }, h("span", { class: "muted" }, t("route")), " ", verdict.route) : null,
    verdict ? reasons(verdict) : null,
    h("p", { class: "muted small" }, t("opens"), " ", opens === null ? t("unknown") : `${clock(opens, now.now_ms)} (${ago(opens, now.now_ms)})`,
      verdict ? ` · ${t("judged")} ${ago(verdict.made_ms, now.now_ms)}` : ""));
}

export function delivery(alert) {
  if (alert.sent_ms !== null) return t("delivered", span(alert.sent_ms - alert.created_ms));
  if (alert.waiting) return t("delivery_waiting");
  return alert.failed ? badge(t("delivery_failed"), "bad") : t("delivery_none");
}

function newest(now) {
  return section(t("newest_listings"), table(t("newest_listings"), [
    { head: t("coin"), cell: ({ listing }) => coinLink(listing) },
    { head: t("state"), cell: ({ listing }) => stateBadge(listing.state) },
    { head: t("verdict"), cell: ({ verdict }) => verdictBadge(verdict) },
    { head: t("net"), num: true, cell: ({ verdict }) => maybe(percent(verdict?.net_bps ?? null)) },
    { head: t("excess"), num: true, cell: ({ verdict }) => maybe(percent(verdict?.excess_bps ?? null)) },
    { head: t("first_seen"), num: true, cell: ({ listing }) => when(listing.first_seen_ms, now.now_ms) },
    { head: t("delay"), num: true, cell: ({ listing }) => maybe(listing.delay_ms === null ? t("unknown") : span(listing.delay_ms)) },
    { head: t("channel"), cell: ({ listing }) => h("code", {}, listing.channel) },
  ], now.listings, { empty: t("no_listings") }), h("p", { class: "more" }, h("a", { href: "#/listings", "data-key": "all" }, t("all_listings"))));
}

function alerts(now) {
  return section(t("alerts"), now.alerts.length ? h("ol", { class: "news" }, now.alerts.map((alert) => h("li", {},
    h("p", {}, levelBadge(alert.level), " ", alert.text.trim().split("\n")[0]),
    h("p", { class: "muted small" }, h("time", {}, clock(alert.created_ms, now.now_ms)), " · ", delivery(alert))))) : h("p", { class: "muted" }, t("no_alerts")));
}

function feeds(now) {
  return section(t("feeds"), table(t("feeds"), [
    { head: t("exchange"), cell: ([name, feed]) => [exchangeName(name), feed.last_error ? h("span", { class: "why" }, feed.last_error) : null] },
    { head: t("connected"), cell: ([, feed]) => (feed.connected ? badge(t("yes"), "good") : badge(t("no"), "bad")) },
    { head: t("last_message"), num: true, cell: ([, feed]) => when(feed.last_message_ms, now.now_ms) },
    { head: t("last_trade"), num: true, cell: ([, feed]) => when(feed.last_trade_ms, now.now_ms) },
    { head: t("markets"), num: true, cell: ([, feed]) => number(feed.markets) },
    { head: t("silent_markets"), num: true, cell: ([, feed]) => number(feed.stale_markets) },
    { head: t("reconnects"), num: true, cell: ([, feed]) => number(feed.reconnects) },
    { head: t("open_gaps"), num: true, cell: ([, feed]) => number(feed.open_gaps) },
  ], Object.entries(now.health.feeds)));
}

function channels(now) {
  return section(t("channels"), table(t("channels"), [
    { head: t("channel"), cell: ([name, channel]) => [h("code", {}, name), channel.reason ? h("span", { class: "why" }, channel.reason) : null] },
    { head: t("state"), cell: ([, channel]) => badge(word("channel", channel.state), CHANNEL_TONE[channel.state] ?? "calm") },
    { head: t("last_ok"), num: true, cell: ([, channel]) => (channel.state === "off" && channel.last_ok_ms === null ? "–" : when(channel.last_ok_ms, now.now_ms)) },
    { head: t("errors"), num: true, cell: ([, channel]) => number(channel.errors) },
  ], Object.entries(now.health.channels)));
}

function rates(now) {
  return section(t("rates"), pairs([
    [t("market_premium"), maybe(percent(now.market_bps))],
    [t("krw_per_usdt"), now.usdt ? [krw(now.usdt.krw), h("span", { class: "muted small" }, ` ${rateSource(now.usdt)} · ${ago(now.usdt.taken_ms, now.now_ms)}`)] : maybe(t("unknown"))],
    [t("krw_per_usd"), now.bank ? [krw(now.bank.krw), h("span", { class: "muted small" }, ` ${rateSource(now.bank)} · ${ago(now.bank.taken_ms, now.now_ms)}`)] : maybe(t("unknown"))],
  ]));
}

function recording(now) {
  const { health } = now;
  const { writer, audit } = health;
  const offset = health.clock_offset_ms;
  return section(t("recording"), pairs([
    ...Object.keys(health.feeds).map((name) => [t("gaps_24h", exchangeName(name)), gapText(now.gaps.find((each) => each.exchange === name))]),
    ...auditRows(audit),
    ...candleSocketRow(health.candle_socket),
    [t("last_commit"), maybe(writer.last_commit_ms === null ? t("unknown") : ago(writer.last_commit_ms, now.now_ms))],
    [t("queue"), t("rows", number(writer.queue_size))],
    [t("dropped"), `${number(writer.dropped)} / ${number(writer.failed)}`],
    [t("commit_p99"), `${price(writer.commit_ms_p99)} ms`],
    [t("wal"), bytes(writer.wal_bytes)],
    [t("deliveries"), t("deliveries_value", number(health.alerts.sent), number(health.alerts.pending), number(health.alerts.uncertain), number(health.alerts.failed))],
    [t("disk"), maybe(part(now.disk_free_part))],
    health.disk_days_left === null ? null : [t("disk_days"), t("days", number(health.disk_days_left))],
    [t("clock_offset"), offset ? t("clock_between", number(offset[0]), number(offset[1])) : maybe(t("unknown"))],
    [t("memory"), maybe(bytes(now.resident_bytes))],
    [t("lag"), span(now.loop_lag_s * 1000)],
  ]));
}

function gapText(gaps) {
  if (!gaps) return t("no_gaps");
  const text = t("gaps_value", number(gaps.open), number(gaps.healed), number(gaps.unhealable));
  return gaps.missed_ms ? [text, h("span", { class: "muted small" }, ` · ${t("missed", span(gaps.missed_ms))}`)] : text;
}

/** The seconds that Upbit tells itself: where the audit hears at once of what we missed. */
function candleSocketRow(heard) {
  if (!heard) return [];
  const state = heard.connected ? t("candles_heard", number(heard.markets)) : t("candles_not_heard", heard.last_error || t("unknown"));
  return [[t("candle_socket"), t("candles_told", state, number(heard.told), number(heard.short))]];
}

/** Whatever the audit counts: in all, or by what it compared. */
function auditRows(audit) {
  if (!audit) return [[t("audit"), maybe(t("unknown"))]];
  const counted = "compared" in audit ? [["", audit]] : Object.entries(audit);
  return counted.map(([name, each]) => [name ? `${t("audit")} (${exchangeName(name)})` : t("audit"),
    t("audit_value", number(each.compared), number(each.equal), number(each.repaired), number(each.unexplained))]);
}
