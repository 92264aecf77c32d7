// Which channel sees a listing first, by how much, and how long the way to the reader is.
import { h, show, table } from "../dom.js";
import { after, clock, number, span } from "../format.js";
import { coinLink, maybe, section } from "../parts.js";
import { exchangeName, t, word } from "../words.js";

const STEPS = { "alert written": "alert_written", "request sent": "request_sent", delivered: "delivered" };

export function view(place, { ask, fail }) {
  const body = h("div", {});
  place.append(h("h1", {}, t("latency")), body);
  show(body, h("p", { class: "muted" }, t("loading")));
  let seen = "";
  const load = async () => {
    try {
      const [found, listed] = await Promise.all([ask("latency"), ask("listings?last=30")]);
      show(body, all(found, listed));
    } catch (error) { fail(body, error); }
  };
  load();
  return {
    update(now) {
      const stamp = `${now.stamps.listing} ${now.stamps.alert} ${now.stamps.delivery_ms}`;
      if (seen && stamp !== seen) load();
      seen = stamp;
    },
    close() {},
  };
}

const signed = (ms) => (ms === null ? maybe(t("unknown")) : `${ms < 0 ? "−" : ""}${span(ms)}`);

function all({ steps, listings }, { listings: listed, now_ms: now }) {
  if (!steps.length) return h("p", { class: "muted" }, t("no_latency"));
  const exchanges = [...new Set(steps.map((each) => each.exchange))];
  return [
    h("p", { class: "muted" }, t("latency_lead", listings)),
    exchanges.map((name) => {
      const own = steps.filter((each) => each.exchange === name);
      const slowest = Math.max(1, ...own.map((each) => Math.abs(each.p50_ms ?? 0)));
      return section(exchangeName(name), table(t("latency_table", exchangeName(name)), [
        { head: t("step"), cell: (each) => (STEPS[each.step] ? word("step", STEPS[each.step]) : h("code", {}, each.step)) },
        { head: t("p50"), num: true, cell: (each) => signed(each.p50_ms) },
        { head: "", class: "barcell", cell: (each) => bar(each.p50_ms, slowest, each.first === null) },
        { head: t("p99"), num: true, cell: (each) => signed(each.p99_ms) },
        { head: t("seen_count"), num: true, cell: (each) => number(each.listings) },
        { head: t("first_count"), num: true, cell: (each) => (each.first === null ? "–" : number(each.first)) },
        { head: t("lead"), num: true, cell: (each) => (each.lead_ms === null ? "–" : span(each.lead_ms)) },
      ], own, { key: `latency ${name}` }));
    }),
    section(t("chain"), table(t("chain"), [
      { head: t("coin"), cell: ({ listing }) => coinLink(listing) },
      { head: t("published"), num: true, cell: ({ listing }) => maybe(clock(listing.published_ms, now)) },
      { head: t("first_seen"), num: true, cell: ({ listing }) => since(listing, listing.first_seen_ms) },
      { head: t("channel"), cell: ({ listing }) => h("code", {}, listing.channel) },
      { head: t("step_alert_written"), num: true, cell: ({ listing }) => since(listing, listing.alerted_ms) },
      { head: t("step_request_sent"), num: true, cell: ({ listing }) => since(listing, listing.requested_ms) },
      { head: t("step_delivered"), num: true, cell: ({ listing }) => since(listing, listing.delivered_ms) },
    ], listed.filter(({ listing }) => listing.alerted_ms !== null), { key: "chain", empty: t("no_latency") })),
  ];
}

/** After the publication, or after our first sight where nobody knows the publication. */
function since(listing, ms) {
  if (ms === null) return "–";
  return after(ms, listing.published_ms) || maybe(t("unknown"));
}

function bar(ms, slowest, ours) {
  if (ms === null || ms < 0) return null;
  const piece = h("span", {});
  piece.style.setProperty("width", `${Math.max(1, (100 * ms) / slowest)}%`);
  piece.style.setProperty("background", `var(${ours ? "--muted" : "--accent"})`);
  return h("div", { class: "bar plain", "aria-hidden": "true" }, piece);
}
