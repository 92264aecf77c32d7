// The kimchi premium: of the market and of any coin, over time, and of every coin now.
import { chart, choice } from "../chart.js";
import { h, reading, show, table } from "../dom.js";
import { ago, clock, krw, kst, large, number, percent, price, usdt } from "../format.js";
import { maybe, pairs, rateSource, section } from "../parts.js";
import { t } from "../words.js";

const HOURS = [1, 6, 24, 168];
const EVERY_MS = 60_000;
const FIRST_ROWS = 40;

export function view(place, { id, ask, fail, go }) {
  const coin = id ? id.toUpperCase() : null;
  let hours = 24;
  let against = "bank";
  let drawn = [];
  let asked = 0;
  let first = true;
  let order = { by: "volume_24h_usdt", down: true };
  let everything = false;
  let coins = null;
  const names = h("datalist", { id: "coins" });
  const input = h("input", { id: "coin", name: "coin", list: "coins", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "32", placeholder: t("coin_placeholder"), value: coin ?? "" });
  const form = h("form", { class: "toolbar", onsubmit: (event) => { event.preventDefault(); const named = input.value.trim().toUpperCase(); go(named ? `#/premium/${encodeURIComponent(named)}` : "#/premium"); } },
    h("label", { for: "coin" }, t("choose_coin")), input, names, h("button", { type: "submit" }, t("show")), coin ? h("a", { href: "#/premium" }, t("whole_market")) : null);
  const tools = h("div", { class: "toolbar" });
  const charts = h("div", { class: "charts" });
  const list = h("div", {});
  place.append(h("h1", {}, coin ? t("chart_coin", coin) : t("chart_market")), h("p", { class: "muted" }, t("premium_lead")), form, tools, charts, list);

  const load = async (byItself = false) => {
    asked = Date.now();
    show(tools, choice(t("chart_window"), HOURS.map((each) => [each, t(`hours_${each}`)]), hours, (each) => { hours = each; load(); }),
      coin ? choice(t("against"), [["bank", t("against_bank")], ["market", t("against_market")]], against, (each) => { against = each; load(); }) : null);
    let found;
    try {
      found = await ask(`premium?hours=${hours}${coin ? `&coin=${encodeURIComponent(coin)}` : ""}`);
    } catch (error) { fail(charts, error); return; }
    if (first) {
      first = false;
      const fitting = fit(found);
      if (fitting !== hours) { hours = fitting; return load(); }
    }
    if (byItself && reading(charts)) return;
    drawn.forEach((each) => each.close());
    drawn = figures(found, coin, against);
    charts.replaceChildren(rates(found), ...drawn.map((each) => each.element));
  };
  const loadCoins = async () => {
    try {
      coins = await ask("coins");
    } catch (error) { fail(list, error); return; }
    show(names, coins.coins.map((each) => h("option", { value: each.base })));
    showCoins();
  };
  const showCoins = () => show(list, everyCoin(coins, order, everything, (by) => { order = { by, down: order.by === by ? !order.down : true }; showCoins(); }, () => { everything = true; showCoins(); }));
  load();
  loadCoins();
  return {
    update() { if (Date.now() - asked > EVERY_MS) { load(true); loadCoins(); } },
    close() { drawn.forEach((each) => each.close()); },
  };
}

/** The shortest span that shows everything known of the last day. */
function fit({ series, now_ms: now }) {
  const known = series.at_ms.find((_, i) => series.krw_per_usdt[i] !== null) ?? 0;
  return known ? HOURS.find((each) => now - known < each * 3_300_000) ?? 24 : 24;
}

/** Where the picture begins, and what is to be said where that is later than asked for. */
function begin(series, asked, now) {
  const first = series.at_ms.find((_, i) => series.krw_per_usdt[i] !== null);
  if (first === undefined || first - asked < (now - asked) * 0.2) return [asked, null];
  return [first, t("recorded_since", kst(first))];
}

function rates({ usdt: ours, bank, now_ms: now }) {
  const told = (rate) => (rate ? [krw(rate.krw), h("span", { class: "muted small" }, ` ${rateSource(rate)} · ${ago(rate.taken_ms, now)}`)] : maybe(t("unknown")));
  return pairs([[t("krw_per_usdt"), told(ours)], [t("krw_per_usd"), told(bank)]], "row");
}

function figures({ series, now_ms: now, hours }, coin, against) {
  const bps = { axis: (value, step) => `${number(value / 100, step >= 100 ? 0 : step >= 10 ? 1 : 2)} %`, format: (value) => percent(value) };
  const [from, since] = begin(series, now - hours * 3_600_000, now);
  const all = { at: series.at_ms, from, to: now };
  const lines = coin ? [
    { label: t("upbit"), values: against === "bank" ? series.upbit_bps : series.upbit_excess_bps, color: "--upbit", ...bps },
    { label: t("bithumb"), values: against === "bank" ? series.bithumb_bps : series.bithumb_excess_bps, color: "--bithumb", ...bps },
    ...(against === "bank" ? [{ label: t("series_market"), values: series.market_bps, color: "--muted", dash: [4, 4], ...bps }] : []),
  ] : [{ label: t("series_market"), values: series.market_bps, color: "--accent", fill: "--accent-soft", ...bps }];
  const won = { axis: (value, step) => number(value, step < 1 ? 1 : 0), format: krw };
  const title = coin ? t("chart_coin", coin) : t("chart_market");
  return [
    chart({ ...all, title, unit: `%, ${t(against === "bank" || !coin ? "against_bank" : "against_market")}`, height: 260, series: lines, note: [since, t("premium_unknown_why")].filter(Boolean).join(" ") }),
    chart({ ...all, title: t("chart_rates"), unit: t("axis_krw_per"), height: 180, series: [
      { label: t("series_usdt"), values: series.krw_per_usdt, color: "--accent", ...won },
      { label: t("series_usd"), values: series.krw_per_usd, color: "--muted", dash: [4, 4], ...won },
    ] }),
  ];
}

function everyCoin({ coins, minute_ms: minute, now_ms: now }, order, everything, sort, all) {
  if (minute === null) return section(t("coins_now"), h("p", { class: "muted" }, t("no_world")));
  const value = (each) => each[order.by];
  const known = (each) => value(each) !== null;
  const sorted = [...coins.filter(known).sort((a, b) => (order.down ? -1 : 1) * (typeof value(a) === "string" ? value(a).localeCompare(value(b)) : value(a) - value(b))), ...coins.filter((each) => !known(each))];
  const rows = everything ? sorted : sorted.slice(0, FIRST_ROWS);
  const column = (by, head, cell, num = true) => ({ num, cell, sort: order.by === by ? (order.down ? "descending" : "ascending") : null,
    head: h("button", { type: "button", class: "sort", "data-key": `sort ${by}`, "aria-label": t("sort_by", head), onclick: () => sort(by) }, head, order.by === by ? (order.down ? " ↓" : " ↑") : "") });
  return section(t("coins_now"), table(h("span", {}, t("coins_now"), " ", h("span", { class: "muted" }, t("as_of", clock(minute, now), ago(minute, now)))), [
    column("base", t("coin"), (each) => h("a", { href: `#/premium/${encodeURIComponent(each.base)}`, "data-key": `coin ${each.base}` }, each.base), false),
    column("upbit_bps", t("upbit"), (each) => (each.upbit_krw === null ? "–" : maybe(percent(each.upbit_bps)))),
    column("bithumb_bps", t("bithumb"), (each) => (each.bithumb_krw === null ? "–" : maybe(percent(each.bithumb_bps)))),
    column("upbit_excess_bps", `${t("upbit")} ${t("excess")}`, (each) => (each.upbit_krw === null ? "–" : maybe(percent(each.upbit_excess_bps)))),
    column("bithumb_excess_bps", `${t("bithumb")} ${t("excess")}`, (each) => (each.bithumb_krw === null ? "–" : maybe(percent(each.bithumb_excess_bps)))),
    column("price_usdt", t("world_price"), (each) => usdt(each.price_usdt)),
    column("volume_24h_usdt", t("world_volume"), (each) => maybe(large(each.volume_24h_usdt, "USDT"))),
    { head: t("venues"), cell: (each) => h("span", { class: "muted small" }, each.venues.join(", ")) },
  ], rows, { key: "coins table" }), rows.length < sorted.length ? h("p", { class: "more" }, h("button", { type: "button", onclick: all }, t("show_all", sorted.length))) : null);
}
