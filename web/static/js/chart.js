// Charts: uPlot with axes in KST, what we did not hear hatched, a summary for screen readers, and the same as a table.
import { h, table } from "./dom.js";
import { clock, kst } from "./format.js";
import { t } from "./words.js";

const TABLE_ROWS = 120;
const FONT = "12px system-ui, sans-serif";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const seconds = (ms) => ms / 1000;

/** Tick texts: seconds, minutes or days, as far apart as the ticks are. */
function ticks(u, splits, axis, space, step) {
  return splits.map((at) => {
    const [day, time] = kst(at * 1000).split(" ");
    if (step >= 86_400 || time === "00:00:00") return day.slice(5);
    return step >= 60 ? time.slice(0, 5) : time;
  });
}

/** Behind the lines, the spans that we did not hear: hatched, or only shaded where they were filled later. */
function hatch(gaps) {
  return (u) => {
    const { ctx, bbox } = u;
    const lined = (left, right) => {
      ctx.save();
      ctx.clip();
      ctx.strokeStyle = color("--gap-line");
      ctx.lineWidth = devicePixelRatio;
      ctx.beginPath();
      const apart = 7 * devicePixelRatio;
      for (let x = left - bbox.height; x < right; x += apart) {
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + bbox.height, bbox.top);
      }
      ctx.stroke();
      ctx.restore();
    };
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const gap of gaps) {
      const left = u.valToPos(seconds(gap.from_ms), "x", true);
      const right = Math.max(left + 2 * devicePixelRatio, u.valToPos(seconds(gap.to_ms), "x", true));
      ctx.fillStyle = color(gap.state === "healed" ? "--healed" : "--gap");
      ctx.beginPath();
      ctx.rect(left, bbox.top, right - left, bbox.height);
      ctx.fill();
      if (gap.state !== "healed") lined(left, right);
    }
    ctx.restore();
  };
}

/** Upright lines at moments that matter, such as the opening. */
function marks(moments) {
  return (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    for (const [i, { at_ms: at, label }] of moments.entries()) {
      const x = u.valToPos(seconds(at), "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = color("--muted");
      ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.textAlign = "left";
      ctx.fillStyle = color("--muted");
      ctx.fillText(label, x + 4 * devicePixelRatio, bbox.top + (12 + 14 * (i % 2)) * devicePixelRatio); // two near each other do not cover each other
    }
    ctx.restore();
  };
}

/** Break the lines where we were blind: a point without values at each end of a gap that was not filled. */
function broken(times, columns, gaps) {
  const holes = gaps.filter((gap) => gap.state !== "healed").flatMap((gap) => [gap.from_ms, gap.to_ms - 1]);
  const all = [...times.map((at, i) => [at, i]), ...holes.map((at) => [at, -1])].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const kept = all.filter(([at], i) => i === 0 || at !== all[i - 1][0]);
  return [kept.map(([at]) => seconds(at)), ...columns.map((column) => kept.map(([, i]) => (i < 0 ? null : column[i])))];
}

/**
 * A figure. `series` are {label, values, color, format, dash, bars, fill}; `at` are times in ms, values null where unknown.
 * Returns {element, close}.
 */
export function chart({ title, unit, at, series, gaps = [], moments = [], from = null, to = null, height = 220, sync = null, zero = false, note = null }) {
  const summary = describe(title, unit, at, series);
  const reading = h("p", { class: "reading", "aria-live": "polite" });
  const canvas = h("div", { class: "plot", tabindex: "0", role: "group", "aria-label": `${summary} ${t("chart_keys")}` });
  const legend = h("ul", { class: "legend" }, series.map((each) => {
    const swatch = h("span", { class: `swatch${each.dash ? " dashed" : ""}`, "aria-hidden": "true" });
    swatch.style.setProperty("--swatch", `var(${each.color})`);
    return h("li", {}, swatch, each.label);
  }), ["unhealable", "healed"].map((state) => (gaps.some((gap) => (gap.state === "healed") === (state === "healed"))
    ? h("li", {}, h("span", { class: `swatch ${state}`, "aria-hidden": "true" }), t(`chart_${state}`)) : null)));
  const figure = h("figure", { class: "chart" },
    h("figcaption", {}, h("h3", {}, title), h("span", { class: "muted" }, `${unit} · ${t("chart_axis")}`)), legend, canvas, reading,
    note ? h("p", { class: "muted small" }, note) : null);
  const empty = !series.some((each) => each.values.some((value) => value !== null));
  if (empty) {
    canvas.removeAttribute("tabindex");
    canvas.append(h("p", { class: "muted" }, t("chart_empty")));
  }
  figure.append(asTable(title, at, series));
  const data = broken(at, series.map((each) => each.values), gaps);
  let plot = null;
  const draw = () => {
    if (empty || !canvas.clientWidth) return;
    plot?.destroy();
    plot = new uPlot(options(canvas.clientWidth), data, canvas);
  };
  const options = (width) => ({
    width, height,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Asia/Seoul"),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, ...(sync ? { sync: { key: sync } } : {}) },
    scales: {
      x: { time: true, range: from !== null && to !== null ? () => [seconds(from), seconds(to)] : undefined },
      y: { range: (u, low, high) => padded(low, high, zero) },
    },
    axes: [
      { values: ticks, stroke: color("--muted"), font: FONT, grid: { stroke: color("--grid"), width: 1 }, ticks: { show: false }, space: 64, size: 28 },
      { stroke: color("--muted"), font: FONT, grid: { stroke: color("--grid"), width: 1 }, ticks: { show: false },
        size: 68, values: (u, splits, axis, space, step) => splits.map((value) => series[0].axis(value, step)) },
    ],
    series: [{}, ...series.map((each) => ({
      label: each.label, stroke: color(each.color), width: 1.75, dash: each.dash,
      fill: each.fill ? color(each.fill) : undefined, points: { show: each.bars ? false : undefined, size: 4 },
      paths: each.bars ? uPlot.paths.bars({ size: [0.9, 24], align: 1 }) : undefined,
    }))],
    hooks: { drawClear: [hatch(gaps)], draw: [marks(moments)], setCursor: [(u) => read(u.cursor.idx)] },
  });
  const read = (index) => {
    if (index === null || index === undefined) { reading.textContent = ""; return; }
    const parts = series.map((each, i) => `${each.label} ${each.format(data[i + 1][index])}`);
    reading.textContent = [clock(data[0][index] * 1000), ...parts].join(" · ");
  };
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (!step || !plot) return;
    event.preventDefault();
    const last = data[0].length - 1;
    const index = Math.min(last, Math.max(0, (plot.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step));
    plot.setCursor({ left: plot.valToPos(data[0][index], "x"), top: 1 });
  });
  const watching = new ResizeObserver(() => {
    if (!plot) draw();
    else if (Math.abs(plot.width - canvas.clientWidth) > 1 && canvas.clientWidth) plot.setSize({ width: canvas.clientWidth, height });
  });
  watching.observe(canvas);
  return { element: figure, close: () => { watching.disconnect(); plot?.destroy(); } };
}

function padded(low, high, zero) {
  if (low === null || high === null) return [0, 1];
  if (zero) return [Math.min(0, low), high > 0 ? high * 1.08 : 1];
  const room = (high - low) * 0.1 || Math.abs(high) * 0.01 || 1;
  return [low - room, high + room];
}

/** What the picture shows, in a sentence a series. */
function describe(title, unit, at, series) {
  if (!at.length) return `${title}. ${t("chart_empty")}.`;
  const parts = series.map((each) => {
    const values = each.values.filter((value) => value !== null);
    if (!values.length) return `${each.label}: ${t("unknown")}`;
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    return t("chart_series", each.label, each.format(low), each.format(high), each.format(values[values.length - 1]));
  });
  return `${title} (${unit}), ${t("chart_range", kst(at[0]), kst(at[at.length - 1]))}. ${parts.join(". ")}.`;
}

/** The same values as rows, thinned to what can be read; made when it is opened. */
function asTable(title, at, series) {
  const place = h("details", { class: "as-table", "data-key": `table ${title}` }, h("summary", {}, t("show_table")));
  place.addEventListener("toggle", () => {
    if (!place.open || place.childElementCount > 1) return;
    const every = Math.max(1, Math.ceil(at.length / TABLE_ROWS));
    const rows = at.map((ms, i) => i).filter((i) => (at.length - 1 - i) % every === 0);
    place.append(table(title, [
      { head: t("time_kst"), cell: (i) => kst(at[i]) },
      ...series.map((each) => ({ head: each.label, num: true, cell: (i) => each.format(each.values[i]) })),
    ], rows));
  });
  return place;
}

/** A row of buttons of which one is pressed. */
export function choice(label, options, chosen, onChoose) {
  return h("div", { class: "choice", role: "group", "aria-label": label }, options.map(([value, text]) =>
    h("button", { type: "button", "aria-pressed": String(value === chosen), "data-key": `choice ${label} ${value}`, onclick: () => onChoose(value) }, text)));
}
