// One listing: premium, volume and price by the second, what happened when, why it was judged so.
import { chart, choice } from "../chart.js";
import { h, reading, safeUrl, show, table } from "../dom.js";
import { after, clock, exactClock, krw, number, percent, price, span, won } from "../format.js";
import { badge, figure, levelBadge, maybe, pairs, reasons, section, stateBadge, verdictBadge } from "../parts.js";
import { exchangeName, pick, t, word } from "../words.js";
import { delivery } from "./now.js";

const WINDOWS = { "10m": [60_000, 600_000, 2_000], "1h": [120_000, 3_600_000, 10_000], "24h": [600_000, 86_400_000, 60_000] };
const VERDICTS_SHOWN = 25;
const PRICE_COLORS = { upbit: "--upbit", bithumb: "--bithumb" };

export function view(place, { id, ask, fail }) {
  const head = h("div", {});
  const charts = h("div", { class: "charts" });
  const choose = h("div", { class: "toolbar" });
  const rest = h("div", {});
  place.append(h("p", { class: "back" }, h("a", { href: "#/listings" }, t("back"))), head, choose, charts, rest);
  show(head, h("h1", {}, t("listing")), h("p", { class: "muted" }, t("loading")));
  let shown = "10m";
  let known = null;
  let drawn = [];
  let drawnAt = 0;
  let drawnText = "";
  let stamp = "";

  const load = async () => {
    try {
      known = await ask(`listings/${encodeURIComponent(id)}`);
    } catch (error) { return fail(head, error); }
    show(head, title(known));
    show(rest, story(known), verdicts(known), outcome(known), facts(known), alerts(known));
    await draw();
  };
  const draw = async () => {
    const { listing, now_ms: now } = known;
    const opened = listing.first_trade_ms ?? listing.trading_starts_ms ?? listing.first_seen_ms;
    const [before, length] = WINDOWS[shown];
    const from = opened - before;
    const to = opened + length;
    show(choose, choice(t("chart_window"), Object.keys(WINDOWS).map((each) => [each, t(`window_${each}`)]), shown, (each) => { shown = each; drawnText = ""; draw(); }));
    drawnAt = now;
    let seconds;
    try {
      seconds = await ask(`listings/${id}/seconds?from_ms=${from}&to_ms=${to}`);
    } catch (error) { return fail(charts, error); }
    const text = JSON.stringify({ ...seconds, now_ms: 0 });
    if (text === drawnText || (drawnText && reading(charts))) return;
    drawnText = text;
    drawn.forEach((each) => each.close());
    drawn = figures(seconds, opened, listing);
    charts.replaceChildren(...(drawn.length ? drawn.map((each) => each.element) : [h("p", { class: "muted" }, t("no_seconds"))]));
  };
  load();
  return {
    update(now) {
      const fresh = `${now.stamps.decision} ${now.stamps.alert} ${now.stamps.delivery_ms}`;
      if (!known) return;
      if (stamp && fresh !== stamp) load();
      else if (now.now_ms - drawnAt >= WINDOWS[shown][2] && now.now_ms < drawnAt + 90_000_000) draw();
      stamp = fresh;
    },
    close() { drawn.forEach((each) => each.close()); },
  };
}

function title({ listing, verdicts, now_ms: now }) {
  const verdict = verdicts[0] ?? null;
  const url = safeUrl(listing.url);
  return [
    h("h1", {}, listing.base, " ", h("span", { class: "muted" }, exchangeName(listing.exchange)), " ", stateBadge(listing.state), " ", verdictBadge(verdict)),
    listing.title ? h("p", { class: "notice" }, listing.title, url ? [" ", h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, t("notice_link"))] : null) : null,
    verdict ? h("div", { class: "figures" }, figure(t("net"), verdict.net_bps), figure(t("excess"), verdict.excess_bps), figure(t("coin_premium"), verdict.premium_bps)) : null,
    pairs([
      [t("published"), maybe(clock(listing.published_ms, now))],
      [t("first_seen"), exactClock(listing.first_seen_ms), h("span", { class: "muted small" }, ` ${listing.channel}`)],
      [t("delay"), maybe(listing.delay_ms === null ? t("unknown") : span(listing.delay_ms))],
      [t("opens"), maybe(clock(listing.first_trade_ms ?? listing.trading_starts_ms, now))],
      verdict?.route ? [t("route"), verdict.route] : null,
    ], "row"),
  ];
}

function figures({ markets, step_s: step, from_ms: from, to_ms: to }, opened, listing) {
  const own = markets[0];
  if (!markets.some((market) => market.at_ms.length || market.gaps.length)) return [];
  const moments = [{ at_ms: opened, label: t("opens") }, ...(listing.published_ms && listing.published_ms > from ? [{ at_ms: listing.published_ms, label: t("published") }] : [])];
  const all = { from, to, moments, gaps: own.gaps, at: own.at_ms, sync: `listing ${listing.id}` };
  const per = t("per_point", step < 60 ? `${step}${t("unit_s")}` : span(step * 1000));
  const name = `${listing.base} ${exchangeName(own.exchange)}`;
  const bps = { axis: (value, step) => `${number(value / 100, step >= 100 ? 0 : step >= 10 ? 1 : 2)} %`, format: (value) => percent(value) };
  const rivals = markets.slice(1).filter((market) => market.at_ms.length);
  return [
    chart({ ...all, title: `${name} · ${t("chart_premium")}`, unit: "%", height: 230, series: [
      { label: t("series_excess"), values: own.excess_bps, color: "--accent", fill: "--accent-soft", ...bps },
      { label: t("series_coin"), values: own.premium_bps, color: "--muted", dash: [4, 4], ...bps },
    ] }),
    chart({ ...all, title: `${name} · ${t("chart_volume")}`, unit: `KRW, ${per}`, height: 150, zero: true, series: [
      { label: t("chart_volume"), values: own.volume_krw, color: PRICE_COLORS[own.exchange], fill: PRICE_COLORS[own.exchange], bars: true, axis: won, format: won },
    ] }),
    ...[own, ...rivals].map((market) => chart({ ...all, gaps: market.gaps, at: market.at_ms, title: `${listing.base} ${exchangeName(market.exchange)} · ${t("chart_price")}`, unit: `KRW, ${per}`, height: 190, series: [
      { label: t("chart_price"), values: market.close, color: PRICE_COLORS[market.exchange], axis: price, format: krw },
    ] })),
  ];
}

function story({ listing, timeline, now_ms: now }) {
  return section(t("timeline"), h("ol", { class: "timeline" }, timeline.map((moment) => h("li", { class: moment.ahead ? "ahead" : moment.kind === "published" ? "key" : null },
    h("time", {}, exactClock(moment.at_ms)),
    h("span", { class: "num muted" }, moment.kind === "published" ? "" : after(moment.at_ms, listing.published_ms)),
    h("div", {}, said(moment), moment.ahead ? [" ", badge(t("to_come"), "warn")] : null, moment.theirs ? h("span", { class: "muted small" }, ` ${t("theirs")}`) : null,
      moment.detail && moment.kind !== "seen" ? h("p", { class: "muted small" }, moment.detail) : null)))));
}

function said({ kind, what, detail }) {
  switch (kind) {
    case "seen": return [t("m_seen", what), " ", h("span", { class: "muted small" }, word("sight", detail))];
    case "verdict": return t("m_verdict", word("verdict", what));
    case "outcome": return t("m_outcome", word("label", what));
    case "first_trade": return t("m_first_trade", what);
    case "notice_edited": return t("m_notice_edited", what);
    default: return t(`m_${kind}`);
  }
}

/** One row for each time the verdict or its reasons changed, with how long it stood. */
function verdicts({ verdicts: made, now_ms: now }) {
  const changed = made.filter((each, i) => i === made.length - 1 || same(each) !== same(made[i + 1]));
  return section(t("verdicts"), table(t("verdicts"), [
    { head: t("time"), cell: (each) => clock(each.made_ms, now) },
    { head: t("verdict"), cell: (each) => verdictBadge(each) },
    { head: t("state"), cell: (each) => word("mode", each.mode) },
    { head: t("net"), num: true, cell: (each) => maybe(percent(each.net_bps)) },
    { head: t("excess"), num: true, cell: (each) => maybe(percent(each.excess_bps)) },
    { head: t("reasons"), class: "title", cell: (each) => why(each) },
  ], changed.slice(0, VERDICTS_SHOWN), { empty: t("no_verdicts"), key: "verdicts" }));
}

const same = (each) => [each.mode, each.verdict, ...each.blockers.map((one) => one.code)].join(" ");

/** The first reason, the others on demand. */
function why(verdict) {
  const all = [...verdict.blockers, ...verdict.warnings];
  if (all.length < 2) return all.length ? pick(all[0].text) : "–";
  return h("details", { class: "short", "data-key": `why ${verdict.id}` }, h("summary", {}, pick(all[0].text), " ", h("span", { class: "muted" }, t("and_more", all.length - 1))), reasons(verdict));
}

function outcome({ listing: { outcome: found } }) {
  if (!found) return null;
  return section(t("outcome"), h("p", {}, badge(word("label", found.label), "calm"), " ", h("span", { class: "muted small" }, found.final ? t("final") : t("provisional"))), pairs([
    [t("max_excess"), maybe(percent(found.max_excess_bps))],
    [t("max_premium"), maybe(percent(found.max_premium_bps))],
    [t("above_8"), span(found.above_hit_s * 1000)],
    [t("at_1"), maybe(percent(found.at_1_min_bps))],
    [t("at_5"), maybe(percent(found.at_5_min_bps))],
    [t("at_30"), maybe(percent(found.at_30_min_bps))],
    [t("first_minute"), maybe(won(found.first_minute_krw))],
  ], "row"));
}

function facts({ facts: found }) {
  const rows = Object.entries(found);
  if (!rows.length) return null;
  return h("details", { class: "panel", "data-key": "facts" }, h("summary", {}, t("facts", rows.length)), table(t("facts", rows.length), [
    { head: t("fact"), cell: ([name]) => h("code", {}, name) },
    { head: t("value"), num: true, cell: ([, fact]) => maybe(fact.value === null ? t("unknown") : fact.unit === "utc_ms" ? clock(fact.value, 0) : typeof fact.value === "number" ? price(fact.value) : String(fact.value)) },
    { head: t("unit"), cell: ([, fact]) => fact.unit },
    { head: t("source"), cell: ([, fact]) => fact.source },
    { head: t("age"), num: true, cell: ([, fact]) => (fact.age_ms !== null ? span(fact.age_ms) : fact.value === null ? maybe(t("unknown")) : "–") },
  ], rows, { key: "facts table" }));
}

function alerts({ alerts: sent, now_ms: now }) {
  if (!sent.length) return null;
  return section(t("alerts"), h("ol", { class: "news" }, sent.map((alert) => h("li", {},
    h("p", { class: "muted small" }, levelBadge(alert.level), " ", clock(alert.created_ms, now), " · ", delivery(alert)),
    told(alert)))));
}

/** The first line of a message, all of it on demand. */
function told(alert) {
  const [first, ...rest] = alert.text.trim().split("\n");
  if (!rest.length) return h("p", {}, first);
  return h("details", { class: "short", "data-key": `alert ${alert.id}` }, h("summary", {}, first), h("p", { class: "said" }, rest.join("\n")));
}
