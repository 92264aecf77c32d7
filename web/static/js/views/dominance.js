// How much of the day's spot volume is Korea's: in all, and coin by coin.
import { h, show, table } from "../dom.js";
import { ago, clock, krw, large, part, span } from "../format.js";
import { maybe, rateSource, section } from "../parts.js";
import { exchangeName, t } from "../words.js";

const EVERY_MS = 60_000;
const FIRST_ROWS = 40;
const FULL_H = 23.98;
const VENUES = 3; // abroad: with fewer the share is too large

export function view(place, { ask, fail }) {
  const body = h("div", {});
  let asked = 0;
  let everything = false;
  let found = null;
  place.append(h("h1", {}, t("dominance")), h("p", { class: "muted" }, t("dominance_lead")), body);
  show(body, h("p", { class: "muted" }, t("loading")));
  const draw = () => show(body, all(found, everything, () => { everything = true; draw(); }));
  const load = async () => {
    asked = Date.now();
    try {
      found = await ask("dominance");
    } catch (error) { fail(body, error); return; }
    draw();
  };
  load();
  return { update() { if (Date.now() - asked > EVERY_MS) load(); }, close() {} };
}

function all({ dominance, rate, minute_ms: minute, now_ms: now }, everything, more) {
  if (!dominance) return h("p", { class: "muted" }, t("no_dominance"));
  const { total, coins } = dominance;
  const whole = total.heard_h >= FULL_H;
  const rows = everything ? coins : coins.slice(0, FIRST_ROWS);
  return [
    h("section", { class: "card wide-card", "aria-label": t("korean_share") },
      h("h2", {}, t("korean_share")),
      h("p", { class: "big" }, share(total)),
      total.share === null ? null : whole ? h("p", { class: "muted" }, t("full_day")) : [h("p", {}, t("at_this_pace", part(total.pace_share))), h("p", { class: "warn-text" }, t("heard_of_24", span(total.heard_h * 3_600_000)))],
      bar(total),
      whole || total.share === null ? null : h("p", { class: "muted small" }, t("bar_pace")),
      h("ul", { class: "legend" }, [["upbit", "--upbit", total.upbit_usdt], ["bithumb", "--bithumb", total.bithumb_usdt], ["world", "--world", total.world_usdt]].map(([name, color, volume]) => {
        const swatch = h("span", { class: "swatch block", "aria-hidden": "true" });
        swatch.style.setProperty("--swatch", `var(${color})`);
        return h("li", {}, swatch, name === "world" ? t("world") : exchangeName(name), " ", h("b", {}, maybe(large(volume, "USDT"))));
      })),
      h("p", { class: "muted small" }, t("compared", dominance.compared, coins.length - dominance.compared), " (", large(dominance.left_out_usdt, "USDT"), ") · ",
        t("converted", krw(rate.krw), rateSource(rate), ago(rate.taken_ms, now)), " · ", h("span", { class: dominance.venues.length < VENUES ? "warn-text" : null }, t("only_venues", dominance.venues.join(", ") || t("unknown"))), " · ", t("as_of", clock(minute, now), ago(minute, now)))),
    section(t("by_coin"), table(t("by_coin"), [
      { head: t("coin"), cell: (coin) => h("a", { href: `#/premium/${encodeURIComponent(coin.base)}`, "data-key": `coin ${coin.base}` }, coin.base) },
      { head: t("korean_share"), num: true, cell: share },
      ...(whole ? [] : [{ head: t("pace"), num: true, cell: (coin) => maybe(part(coin.pace_share)) }]),
      { head: "", class: "barcell", cell: bar },
      { head: t("upbit"), num: true, cell: (coin) => (coin.upbit_usdt === null ? "–" : large(coin.upbit_usdt, "USDT")) },
      { head: t("bithumb"), num: true, cell: (coin) => (coin.bithumb_usdt === null ? "–" : large(coin.bithumb_usdt, "USDT")) },
      { head: t("world"), num: true, cell: (coin) => maybe(large(coin.world_usdt, "USDT")) },
      { head: t("heard"), num: true, cell: (coin) => span(coin.heard_h * 3_600_000) },
    ], rows, { key: "dominance table" }), rows.length < coins.length ? h("p", { class: "more" }, h("button", { type: "button", onclick: more }, t("show_all", coins.length))) : null),
  ];
}

function share(coin) {
  if (coin.share === null) return maybe(t("unknown"));
  return coin.heard_h >= FULL_H ? part(coin.share) : t("at_least", part(coin.share));
}

/** The parts of the whole as a bar, at the pace of the hours that were heard; its numbers stand beside it. */
function bar(coin) {
  const pace = Math.max(1, 24 / coin.heard_h);
  const parts = [["--upbit", coin.upbit_usdt * pace], ["--bithumb", coin.bithumb_usdt * pace], ["--world", coin.world_usdt]];
  const sum = parts.reduce((total, [, value]) => total + (value ?? 0), 0);
  if (!sum || coin.world_usdt === null) return null;
  return h("div", { class: "bar", "aria-hidden": "true" }, parts.map(([color, value]) => {
    const piece = h("span", {});
    piece.style.setProperty("width", `${(100 * (value ?? 0)) / sum}%`);
    piece.style.setProperty("background", `var(${color})`);
    return piece;
  }));
}
