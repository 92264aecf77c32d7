// Elements from plain values. Text is always a text node: whatever an exchange wrote stays text, never markup.

/** h("td", {class: "num", title: "…"}, "text", child, null) */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what is inside, unless it is the same: focus, selection and scroll then stay where they are. */
export function show(place, ...children) {
  const fresh = document.createElement("div");
  fresh.append(...children.flat(Infinity).filter(Boolean));
  if (place.innerHTML === fresh.innerHTML || selecting(place)) return false;
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("data-key") : null;
  const open = new Set([...place.querySelectorAll("details[open][data-key]")].map((each) => each.dataset.key));
  const scrolled = new Map([...place.querySelectorAll(".scroll")].map((each) => [each.getAttribute("aria-label"), [each.scrollLeft, each.scrollTop]]));
  place.replaceChildren(...fresh.childNodes);
  for (const each of place.querySelectorAll(".scroll")) {
    const [left, top] = scrolled.get(each.getAttribute("aria-label")) ?? [0, 0];
    if (left || top) each.scrollTo(left, top);
  }
  for (const each of place.querySelectorAll("details[data-key]")) if (open.has(each.dataset.key)) each.open = true;
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  return true;
}

/** Whether somebody is marking text there. */
function selecting(place) {
  const marked = getSelection();
  return marked !== null && !marked.isCollapsed && place.contains(marked.anchorNode);
}

/** Whether somebody reads there by keyboard or in an opened table: then it is not drawn anew by itself. */
export function reading(place) {
  return place.querySelector("details[open]") !== null || (place.contains(document.activeElement) && document.activeElement.matches(":focus-visible"));
}

/** Only a web address of an exchange may become a link. */
export function safeUrl(url) {
  try {
    return new URL(url).protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

/** A table with a caption for everyone, heads with scope, and cells that may be nodes; `columns` are {head, cell, num}. */
export function table(caption, columns, rows, { empty = "", key = null } = {}) {
  const head = h("tr", {}, columns.map((column) =>
    h("th", { scope: "col", class: [column.num ? "num" : "", column.class ?? ""].join(" ").trim() || null, "aria-sort": column.sort ?? null }, column.head)));
  const body = rows.map((row) => h("tr", {}, columns.map((column, at) => {
    const made = column.cell(row);
    return h(at === 0 ? "th" : "td", {
      scope: at === 0 ? "row" : null, class: [column.num ? "num" : "", column.class ?? ""].join(" ").trim() || null,
    }, made);
  })));
  if (!rows.length) body.push(h("tr", {}, h("td", { colspan: columns.length, class: "muted" }, empty)));
  const made = h("table", {}, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, body));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": typeof caption === "string" ? caption : caption.textContent, "data-key": key }, made);
}
