// Every listing that was seen, newest first.
import { h, show, table } from "../dom.js";
import { clock, percent, span } from "../format.js";
import { coinLink, maybe, stateBadge, verdictBadge, when } from "../parts.js";
import { t, word } from "../words.js";

export function view(place, { ask, fail }) {
  const body = h("div", {});
  place.append(h("h1", {}, t("listings")), h("p", { class: "muted" }, t("listings_lead")), body);
  const load = async () => {
    try {
      const { listings, now_ms: now } = await ask("listings?last=100");
      show(body, all(listings, now));
    } catch (error) { fail(body, error); }
  };
  show(body, h("p", { class: "muted" }, t("loading")));
  load();
  let seen = "";
  return {
    update(now) {
      const stamp = `${now.stamps.listing} ${now.stamps.decision}`;
      if (seen && stamp !== seen) load();
      seen = stamp;
    },
    close() {},
  };
}

function all(listings, now) {
  return table(t("listings"), [
    { head: t("coin"), cell: ({ listing }) => coinLink(listing) },
    { head: t("published"), num: true, cell: ({ listing }) => maybe(clock(listing.published_ms, now)) },
    { head: t("first_seen"), num: true, cell: ({ listing }) => when(listing.first_seen_ms, now) },
    { head: t("delay"), num: true, cell: ({ listing }) => maybe(listing.delay_ms === null ? t("unknown") : span(listing.delay_ms)) },
    { head: t("channel"), cell: ({ listing }) => h("code", {}, listing.channel) },
    { head: t("state"), cell: ({ listing }) => stateBadge(listing.state) },
    { head: t("opens"), num: true, cell: ({ listing }) => maybe(clock(listing.first_trade_ms ?? listing.trading_starts_ms, now)) },
    { head: t("verdict"), cell: ({ verdict }) => verdictBadge(verdict) },
    { head: t("net"), num: true, cell: ({ verdict }) => maybe(percent(verdict?.net_bps ?? null)) },
    { head: t("outcome"), cell: ({ listing }) => (listing.outcome ? `${word("label", listing.outcome.label)} ${percent(listing.outcome.max_excess_bps, 1)}` : "–") },
    { head: t("title_of"), class: "title", cell: ({ listing }) => listing.title ?? maybe(t("unknown")) },
  ], listings, { empty: t("no_listings"), key: "listings" });
}
