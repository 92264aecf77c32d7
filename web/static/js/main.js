// The frame: header, tabs, which view is shown, and the stream that keeps it true.
import { NotAdmitted, ask as askApi, enter, entered, follow, leave } from "./api.js";
import { h, show } from "./dom.js";
import { kst, span } from "./format.js";
import { firstLanguage, language, setLanguage, t, word } from "./words.js";
import * as dominance from "./views/dominance.js";
import * as latency from "./views/latency.js";
import * as listing from "./views/listing.js";
import * as listings from "./views/listings.js";
import * as now from "./views/now.js";
import * as premium from "./views/premium.js";

const VIEWS = { now, listings, listing, premium, dominance, latency };
const TABS = ["now", "listings", "premium", "dominance", "latency"];
const THEMES = ["auto", "dark", "light"];
const $ = (id) => document.getElementById(id);

let state = null; // the newest state of the daemon
let heardAt = 0; // when it came, by the browser's clock
let lost = false;
let mounted = null;
let stopFollowing = null;
let newestAlert = null;

function route() {
  const [, name = "now", id = ""] = location.hash.split("/");
  return Object.hasOwn(VIEWS, name) ? { name, id: decoded(id) } : { name: "now", id: "" };
}

/** What a link brought, as it is where it is not encoded well. */
function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function mount(moveFocus) {
  mounted?.close();
  const { name, id } = route();
  const place = h("div", { class: `view ${name}` });
  $("main").replaceChildren(place);
  const controls = new AbortController();
  const made = VIEWS[name].view(place, {
    id, state: () => state, go: (hash) => { location.hash = hash; },
    ask: (path) => askApi(path, controls.signal),
    fail: (where, error) => failed(where, error),
  });
  mounted = { update: made.update, close() { controls.abort(); made.close(); } };
  frame(name);
  if (moveFocus) { $("main").focus({ preventScroll: true }); scrollTo(0, 0); }
  if (state) made.update(state);
}

function failed(where, error) {
  if (error.name === "AbortError") return;
  if (error instanceof NotAdmitted) return login();
  show(where, h("p", { class: "warn-text", role: "alert" }, t("failed", error.message)));
}

/** Everything around the view, in the language of the moment. */
function frame(name) {
  document.title = `${t(name)} · ${t("title")}`;
  $("title").textContent = t("title");
  $("skip").textContent = t("skip");
  $("tabs").setAttribute("aria-label", t("tabs"));
  const current = name === "listing" ? "listings" : name;
  show($("tabs"), TABS.map((tab) => h("a", { href: `#/${tab}`, "aria-current": tab === current ? "page" : null, "data-key": `tab ${tab}` }, t(tab))));
  $("language").textContent = t("to_language");
  $("language").lang = language() === "ko" ? "en" : "ko";
  const theme = document.documentElement.dataset.theme ?? "auto";
  $("theme").textContent = { auto: "◐", dark: "●", light: "○" }[theme];
  $("theme").setAttribute("aria-label", t(`theme_${theme}`));
  $("theme").title = t(`theme_${theme}`);
  $("leave").textContent = t("leave");
  pill();
}

/** The status in a word; read out by screen readers only when it changes. */
function pill() {
  const status = lost ? "lost" : state?.health.status ?? "wait";
  const count = !lost && state?.reasons.length ? ` ${t("reasons_count", state.reasons.length)}` : "";
  $("status").className = `pill ${{ green: "good", yellow: "warn", red: "bad", lost: "bad" }[status] ?? "calm"}`;
  const text = word("status", status) + count;
  if ($("status").textContent !== text) $("status").textContent = text;
  if (state) {
    $("clock").textContent = `${kst(state.now_ms).slice(11)} KST`;
    $("foot").textContent = t("foot", state.health.version, state.health.schema_version);
  }
}

function heard(fresh) {
  state = fresh;
  heardAt = Date.now();
  lost = false;
  $("lost")?.remove();
  const alert = fresh.alerts[0] ?? null;
  if (newestAlert !== null && alert && alert.id !== newestAlert) $("announce").textContent = alert.text.trim().split("\n")[0];
  newestAlert = alert?.id ?? 0;
  pill();
  mounted?.update(fresh);
}

function lose() {
  if (lost) return;
  lost = true;
  pill();
  const tell = () => {
    if (!lost || !state) return;
    const text = t("lost_hint", span(Math.max(1000, Date.now() - heardAt)));
    let place = $("lost");
    if (!place) { place = h("p", { id: "lost", class: "lost" }); $("main").before(place); }
    place.textContent = text;
    setTimeout(tell, 1000);
  };
  tell();
}

function login(wrong = false) {
  stopFollowing?.();
  mounted?.close();
  mounted = null;
  const input = h("input", { type: "password", id: "token", autocomplete: "current-password", required: true, "aria-describedby": "login-hint" });
  const form = h("form", { class: "login card", onsubmit: async (event) => {
    event.preventDefault();
    if (await enter(input.value)) begin();
    else login(true);
  } }, h("h1", {}, t("login_title")), h("p", { id: "login-hint" }, t("login_hint")),
  wrong ? h("p", { class: "warn-text", role: "alert" }, t("login_wrong")) : null,
  h("label", { for: "token" }, t("login_token")), input, h("button", { type: "submit" }, t("login_enter")));
  $("main").replaceChildren(form);
  frame("now");
  input.focus();
}

async function begin() {
  let first;
  try {
    first = await askApi("now");
  } catch (error) {
    if (error instanceof NotAdmitted) return login();
    first = null; // the stream tries again by itself
  }
  stopFollowing?.();
  mount(false);
  if (first) heard(first);
  $("leave").hidden = !entered();
  stopFollowing = follow(heard, lose, login);
}

$("language").addEventListener("click", () => { setLanguage(language() === "ko" ? "en" : "ko"); mount(false); });
$("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % THEMES.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* storage is off */ }
  mount(false);
});
$("leave").addEventListener("click", async () => { await leave(); login(); });
addEventListener("hashchange", () => { if (mounted) mount(true); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (mounted) mount(false); });

firstLanguage();
document.body.append(h("div", { id: "announce", class: "sr", role: "log", "aria-live": "polite" }));
// A link may bring the token behind the #, which never leaves the browser; it is exchanged and forgotten at once.
const brought = /^#token=(.+)$/.exec(location.hash);
if (brought) {
  history.replaceState(null, "", "/");
  enter(decoded(brought[1])).then(begin, begin);
} else begin();
