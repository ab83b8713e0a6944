"use strict";
// The explorer: draws any curve of the records that the page carries. State -> series -> plot, ledger, table.
(() => {
const root = document.getElementById("explorer");
const data = JSON.parse(document.getElementById("explorer-data").textContent);
const find = (selector) => root.querySelector(selector);
const select = Object.fromEntries([...root.querySelectorAll("select")].map((node) => [node.name, node]));
const PARTS = [...select.part.options].map((option) => option.value).filter((value) => value !== "all");
const MEANING = Object.fromEntries([...select.part.options].map((o) => [o.value, o.text.split(": ")[1] || o.text]));
const EXTRAS = { bound: "a priori bound", predicted: "predicted best step", best: "best step found" };
const LABELS = { function: (v) => v, formula: (v) => data.formulas[v].label, format: (v) => data.formats[v].label };
const KNOWN_WITHOUT_RESULT = ["ok", "absorbed", "overflow", "nan"]; // truncation does not depend on the format

// --- the records --------------------------------------------------------------------------------------------------

const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** Numbers from the first `size` bytes of doubles; zeros that the text leaves out stand at the beginning. */
function unpacked(text, size, n) {
  const bytes = bytesOf(text), numbers = new Float64Array(n), view = new DataView(new ArrayBuffer(8));
  const left = n - bytes.length / size;
  for (let i = left; i < n; i++) {
    for (let j = 0; j < size; j++) view.setUint8(8 - size + j, bytes[(i - left) * size + j]);
    numbers[i] = view.getFloat64(0, true);
  }
  return numbers;
}

/** The double nearest to a hexadecimal number. */
function fromHex(text) {
  const [, whole, fraction = "", exponent] = /^0x([0-9a-f]+)(?:\.([0-9a-f]+))?p([+-]\d+)$/.exec(text);
  return Number(BigInt("0x" + whole + fraction)) * 2 ** (Number(exponent) - 4 * fraction.length);
}

const runs = new Map();

/** One function, formula, format and grid: columns of numbers, from the largest step to the smallest. */
function runOf(state, formula, format) {
  const key = [state.grid, state.function, formula, format].join(" ");
  if (runs.has(key)) return runs.get(key);
  const family = data.runs[state.grid][state.function][formula], kept = family[format], n = kept.status.length;
  const longest = Object.values(family).reduce((a, b) => (b.status.length > a.status.length ? b : a));
  const run = { formula, format, grid: state.grid, function: state.function, n, best: kept.best && kept.best - 1 };
  Object.assign(run, { predicted: kept.predicted, prediction: kept.prediction });
  run.status = [...kept.status].map((digit) => data.statuses[parseInt(digit, 36)]);
  data.columns.forEach((name, index) => {
    const shared = kept.columns[index] === "=", source = shared ? longest : kept;
    run[name] = unpacked(source.columns[index], data.sizes[index], source.status.length).slice(0, n);
  });
  const computed = bytesOf(kept.computed);
  run.computed = Array.from(new (computed.length === 8 * n ? Float64Array : Float32Array)(computed.buffer));
  run.hex = data.steps[state.grid][format].slice(0, n);
  run.h = run.hex.map(fromHex);
  runs.set(key, run);
  return run;
}

/** What stands at a cell: a number, or why there is none. */
function cellOf(run, part, i) {
  const usable = part === "truncation" ? KNOWN_WITHOUT_RESULT : ["ok"];
  const value = run[part][i], ok = usable.includes(run.status[i]) && Number.isFinite(value);
  return { ok, value, word: run.status[i] === "ok" ? "not finite" : run.status[i] };
}

// --- how numbers are written --------------------------------------------------------------------------------------

const raised = (number) => String(number).replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);

function scientific(value, digits = 4) {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${mantissa.replace("-", "−")}·10${raised(Number(exponent))}`;
}

function boundText(value) {
  if (!Number.isFinite(value)) return "none";
  let text = value.toExponential(2);
  if (Number(text) < value) {
    const [mantissa, exponent] = text.split("e");
    text = Number(`${Math.round(100 * mantissa) + 1}e${exponent - 2}`).toExponential(2);
  }
  return scientific(Number(text), 3);
}

function digitsText(run, i) {
  const reference = data.functions[run.function].reference;
  if (!reference) return "–";
  return run.total[i] === 0 ? "all" : Math.max(0, -Math.log10(Math.abs(run.total[i] / reference))).toFixed(1);
}

const nominal = (run, i) => `${select.grid.selectedOptions[0].dataset.factor}2${raised(-i - 1)}`;
const dagger = (column) => (data.platform.includes(column) ? "†" : "");

// --- the state, and its place in the address ----------------------------------------------------------------------

const DEFAULTS = { ...data.default, format: "all", part: "total", grid: "generic" };
const CHOICES = Object.keys(DEFAULTS);
let state = { ...DEFAULTS, off: new Set(), detail: false, at: null };

/** Keep what exists, and one dimension of which all is shown: the one that was changed last. */
function settle(changed) {
  if (!data.runs[state.grid]) state.grid = Object.keys(data.runs)[0];
  for (const name of CHOICES) {
    const known = [...select[name].options].some((option) => option.value === state[name]);
    if (!known) state[name] = DEFAULTS[name];
  }
  const formats = data.runs[state.grid][state.function][state.formula === "all" ? DEFAULTS.formula : state.formula];
  if (state.format !== "all" && !formats[state.format]) state.format = Object.keys(formats)[0];
  const several = ["format", "formula", "part"].filter((name) => state[name] === "all");
  const kept = several.includes(changed) ? changed : several[0];
  for (const name of several) {
    if (name !== kept) state[name] = name === "part" ? "total" : data.default[name];
  }
  for (const name of CHOICES) select[name].value = state[name];
}

function address() {
  const query = new URLSearchParams(CHOICES.map((name) => [name, state[name]]));
  if (state.off.size) query.set("off", [...state.off].join("."));
  if (state.detail) query.set("detail", "1");
  if (state.at) query.set("at", `${state.at.id}.${state.at.i + 1}`);
  return "#explorer?" + query;
}

function readAddress() {
  if (!location.hash.startsWith("#explorer?")) return false;
  const query = new URLSearchParams(location.hash.slice("#explorer?".length));
  for (const name of CHOICES) state[name] = query.get(name) ?? DEFAULTS[name];
  state.off = new Set((query.get("off") ?? "").split(".").filter(Boolean));
  state.detail = query.get("detail") === "1";
  const [id, k] = (query.get("at") ?? "").split(".");
  state.at = Number(k) >= 1 ? { id, i: Number(k) - 1 } : null;
  settle();
  return true;
}

let timer = 0;
function writeAddress() { // browsers refuse more than a hundred changes in half a minute
  clearTimeout(timer);
  timer = setTimeout(() => {
    try { history.replaceState(null, "", address()); } catch { /* a page inside another has no address of its own */ }
  }, 250);
}

/** The curves: all formats, all formulas or all parts, or one. */
function series(all = false) {
  const { formula, format, part } = state, formulas = data.runs[state.grid][state.function];
  const made = (id, f, name, p) => ({ id, part: p, run: runOf(state, f, name) });
  let list;
  if (part === "all") list = PARTS.map((p) => made(p, formula, format, p));
  else if (formula === "all") list = Object.keys(data.formulas).filter((f) => formulas[f]).map((f) => made(f, f, format, part));
  else {
    const formats = format === "all" ? Object.keys(data.formats).filter((name) => formulas[formula][name]) : [format];
    list = formats.map((name) => made(name, formula, name, part));
  }
  return all ? list : list.filter((item) => !state.off.has(item.id));
}

function labelOf(item) {
  if (state.part === "all") return item.id;
  return state.formula === "all" ? LABELS.formula(item.id) : LABELS.format(item.id);
}

// --- the plot -----------------------------------------------------------------------------------------------------

function svg(tag, attributes, parent, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return parent ? parent.appendChild(node) : node;
}

const SHAPES = { // corners, turn in degrees, share of the radius of every second corner
  o: [20, 0, 1], ".": [20, 0, 1], s: [4, 45, 1], D: [4, 0, 1], d: [4, 0, 1], "^": [3, -90, 1], v: [3, 90, 1],
  "<": [3, 180, 1], ">": [3, 0, 1], p: [5, -90, 1], h: [6, -90, 1], H: [6, 0, 1], 8: [8, 22.5, 1],
  P: [8, 0, 0.4], X: [8, 45, 0.4], "*": [10, -90, 0.45],
};

function marker(shape, x, y, radius) {
  const [corners, turn, inner] = SHAPES[shape] || SHAPES.o;
  const points = Array.from({ length: corners }, (_, i) => {
    const angle = (turn + (360 * i) / corners) * (Math.PI / 180), r = radius * (i % 2 ? inner : 1);
    return `${(x + r * Math.cos(angle)).toFixed(1)} ${(y + r * Math.sin(angle)).toFixed(1)}`;
  });
  return `M${points.join("L")}Z`;
}

const cross = (x, y, r) => `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`;

/** Powers of ten between two logarithms, so many that they stand apart. */
function decades(low, high, room) {
  const stride = [1, 2, 3, 4, 5, 10, 20, 50, 100].find((s) => (high - low) / s <= room) || 200;
  const ticks = [];
  for (let e = Math.ceil(low / stride) * stride; e <= high; e += stride) ticks.push(e);
  return ticks;
}

let points = []; // where the cells are drawn: {x, y, item, i}
let scale = null;

function layout(list) {
  const width = Math.max(280, find(".x-plot").clientWidth), height = Math.round(Math.min(460, Math.max(330, 0.74 * width)));
  const steps = list.flatMap((item) => item.run.h).map(Math.log10);
  const cells = list.flatMap((item) => item.run.h.map((_, i) => cellOf(item.run, item.part, i)));
  const sizes = cells.filter((cell) => cell.ok && cell.value !== 0).map((cell) => Math.log10(Math.abs(cell.value)));
  const zero = cells.some((cell) => cell.ok && cell.value === 0);
  const failing = list.filter((item) => item.run.h.some((_, i) => !cellOf(item.run, item.part, i).ok));
  let low = sizes.length ? Math.min(...sizes) : -1, high = sizes.length ? Math.max(...sizes) : 1;
  if (list.some((item) => item.part === "total") && !state.off.has("bound")) {
    const bounds = list.flatMap((item) => (item.part === "total" ? [...item.run.a_priori_bound] : []));
    const top = Math.max(...bounds.filter((b) => b > 0 && Number.isFinite(b)).map(Math.log10), high);
    high = Math.min(top, high + 2);
  }
  const room = 0.04 * (high - low) + 0.3, floor = Math.floor(low - 0.7);
  const box = { left: 52, right: width - 12, top: 26, bottom: height - 42 };
  const lanes = failing.length ? 9 * failing.length + 6 : 0;
  const x0 = steps.length ? Math.min(...steps) : -1, x1 = steps.length ? Math.max(...steps) : 0, pad = 0.03 * (x1 - x0) + 0.1;
  const range = { x: [x0 - pad, x1 + pad], y: [zero ? floor - room : low - room, high + room] };
  const across = (value) => box.left + ((value - range.x[0]) / (range.x[1] - range.x[0])) * (box.right - box.left);
  const up = (value) =>
    box.bottom - ((value - range.y[0]) / (range.y[1] - range.y[0])) * (box.bottom - box.top - lanes);
  const lane = (item) => box.top + 8 + 9 * failing.indexOf(item);
  return { width, height, box, range, across, up, lane, zero, floor, failing };
}

function drawFrame(canvas, list) {
  const { box, range, across, up, height } = scale;
  for (const e of decades(...range.x, (box.right - box.left) / 62)) {
    svg("path", { class: "x-grid", d: `M${across(e)} ${box.top}V${box.bottom}` }, canvas);
    svg("text", { x: across(e), y: box.bottom + 17, "text-anchor": "middle" }, canvas, `10${raised(e)}`);
  }
  for (const e of decades(...range.y, (box.bottom - box.top) / 34)) {
    if (scale.zero && up(e) > up(scale.floor) - 12) continue; // the floor is no power of ten
    svg("path", { class: "x-grid", d: `M${box.left} ${up(e)}H${box.right}` }, canvas);
    svg("text", { x: box.left - 7, y: up(e) + 4, "text-anchor": "end" }, canvas, `10${raised(e)}`);
  }
  svg("path", { class: "x-axis", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` }, canvas);
  svg("text", { class: "x-title", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, canvas, "step h");
  const what = state.part === "all" ? "parts of the error" : `${state.part} error`;
  svg("text", { class: "x-title", x: 4, y: 15 }, canvas, `|${what}|`);
  if (scale.zero) {
    svg("path", { class: "x-floor", d: `M${box.left} ${up(scale.floor)}H${box.right}` }, canvas);
    svg("text", { class: "x-faint", x: box.right - 2, y: up(scale.floor) - 5, "text-anchor": "end" }, canvas, "exact zero");
  }
  const words = {};
  for (const item of list) {
    item.run.h.forEach((_, i) => {
      const cell = cellOf(item.run, item.part, i);
      if (!cell.ok) words[cell.word] = (words[cell.word] || 0) + 1;
    });
  }
  const note = Object.entries(words).map(([word, count]) => `${count} ${word}`).join(", ");
  if (note) svg("text", { class: "x-faint", x: box.right, y: 15, "text-anchor": "end" }, canvas, `× ${note}`);
}

function drawCurve(canvas, item) {
  const { run, part, id } = item, { across, up, box } = scale, look = data.looks[id];
  const group = svg("g", { class: `x-curve s-${id}`, "data-series": id }, canvas);
  const spots = run.h.map((h, i) => {
    const cell = cellOf(run, part, i), zero = cell.ok && cell.value === 0;
    const y = cell.ok ? up(zero ? scale.floor : Math.log10(Math.abs(cell.value))) : scale.lane(item);
    return { x: across(Math.log10(h)), y, item, i, zero, ok: cell.ok };
  });
  points.push(...spots);
  let line = "", open = false;
  for (const spot of spots) {
    const drawn = spot.ok && !spot.zero;
    if (drawn) line += `${open ? "L" : "M"}${spot.x.toFixed(1)} ${spot.y.toFixed(1)}`;
    open = drawn;
  }
  svg("path", { class: "x-line", d: line, "stroke-dasharray": look.dash }, group);
  const stride = Math.max(1, Math.ceil((8 * run.n) / (box.right - box.left)));
  const radius = look.marker === "." ? 2.2 : 3.4;
  const filled = spots.filter((s) => s.ok && !s.zero && s.i % stride === 0);
  svg("path", { class: "x-mark", d: filled.map((s) => marker(look.marker, s.x, s.y, radius)).join("") }, group);
  const zeros = spots.filter((s) => s.zero).map((s) => marker(look.marker, s.x, s.y, radius)).join("");
  svg("path", { class: "x-hollow x-zero", d: zeros }, group);
  const failed = spots.filter((s) => !s.ok).map((s) => cross(s.x, s.y, 2.6)).join("");
  svg("path", { class: "x-failed", d: failed }, group);
  if (part === "total" && !state.off.has("bound")) {
    const bound = run.h.map((h, i) => [across(Math.log10(h)), up(Math.log10(run.a_priori_bound[i]))]);
    const finite = bound.filter(([, y]) => Number.isFinite(y) && y >= box.top - 2000);
    const text = finite.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
    if (text) svg("path", { class: "x-bound", d: `M${text}`, "clip-path": "url(#explorer-clip)" }, group);
  }
  if (run.predicted && !state.off.has("predicted")) {
    const [step, error] = run.predicted.map(Math.log10), total = part === "total" && Number.isFinite(error);
    const y = total ? Math.min(Math.max(up(error), box.top), box.bottom) : box.bottom;
    if (state.part !== "all" || total) {
      svg("path", { class: "x-hollow x-predicted", d: marker("D", across(step), y, 6.5) }, group);
    }
  }
  const best = run.best !== null && spots[run.best];
  if (best && !state.off.has("best")) svg("circle", { class: "x-best", cx: best.x, cy: best.y, r: 7.5 }, group);
}

function draw() {
  const list = series(), holder = find(".x-plot");
  scale = layout(list);
  points = [];
  const { width, height, box } = scale;
  const canvas = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  const clip = svg("clipPath", { id: "explorer-clip" }, svg("defs", {}, canvas));
  svg("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top }, clip);
  drawFrame(canvas, list);
  for (const item of list) drawCurve(canvas, item);
  svg("g", { class: "x-cursor" }, canvas);
  holder.replaceChildren(canvas);
  const names = list.map(labelOf).join(", ") || "nothing";
  const { formula } = data.functions[state.function];
  holder.setAttribute("aria-label", `Error against step for ${formula}, logarithmic axes. Curves: ${names}.`);
  showCursor(false);
}

// --- the cursor and the ledger of one cell ------------------------------------------------------------------------

/** The chosen cell where it is shown; else the best step of a curve, or its middle. */
function cursor() {
  const list = series(), chosen = state.at && list.find((item) => item.id === state.at.id);
  if (chosen) return { item: chosen, i: Math.min(state.at.i, chosen.run.n - 1) };
  const item = list.find(({ id }) => id === data.default.format) || list[0];
  return item && { item, i: item.run.best ?? Math.floor(item.run.n / 2) };
}

function ledger(run, i) {
  const parts = ["truncation", "abscissa", "evaluation", "combination", "total", "roundoff"];
  const number = (part) => (Number.isFinite(run[part][i]) ? scientific(run[part][i]) : "–");
  const computed = Number.isFinite(run.computed[i]) ? String(run.computed[i]).replace("-", "−") : "–";
  const meaning = { ...MEANING, total: "sum of these four", roundoff: "all but truncation" };
  return [
    ["step h", "", scientific(run.h[i])],
    ["exactly", "", run.hex[i]],
    ["computed†", run.format === "float80" ? "nearest double" : "", computed],
    ["exact f′(x)", "", String(data.functions[run.function].reference ?? "–").replace("-", "−")],
    ...parts.map((part) => [part + dagger(part), meaning[part], number(part)]),
    ["bound†", "on |total|, a priori", boundText(run.a_priori_bound[i])],
    ["correct digits†", "", Number.isFinite(run.total[i]) ? digitsText(run, i) : "–"],
    ["status", run.best === i ? "the best step found" : "", run.status[i]],
  ];
}

function element(tag, text, attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function showCursor(spoken) {
  const at = cursor(), layer = find(".x-cursor"), panel = find(".x-ledger");
  if (!at) return panel.replaceChildren(element("p", "No curve is shown."));
  const { run, part } = at.item, i = at.i;
  const spot = points.find((p) => p.item.id === at.item.id && p.i === i);
  layer.replaceChildren();
  layer.setAttribute("class", `x-cursor s-${at.item.id}`);
  svg("path", { class: "x-rule", d: `M${spot.x} ${scale.box.top}V${scale.box.bottom}` }, layer);
  svg("circle", { class: "x-spot", cx: spot.x, cy: spot.y, r: 4.5 }, layer);
  const rows = ledger(run, i), table = document.createElement("table");
  table.append(element("caption", `${LABELS.format(run.format)}, ${LABELS.formula(run.formula)}, h = ${nominal(run, i)}`));
  const body = table.appendChild(document.createElement("tbody"));
  for (const [name, meaning, value] of rows) {
    const row = body.appendChild(element("tr", "", { class: `x-row-${name.replace(/\W.*/, "")}` }));
    const head = row.appendChild(element("th", name, { scope: "row" }));
    if (name.startsWith(part)) row.classList.add(`s-${part}`, "x-part");
    if (meaning) head.append(element("small", meaning));
    row.append(element("td", value));
  }
  panel.replaceChildren(table);
  root.querySelectorAll(".x-table tbody tr").forEach((row, k) => row.classList.toggle("x-at", k === i));
  if (spoken) {
    const said = rows.filter(([name]) => name !== "exactly").map(([name, , value]) => `${name.replace("†", "")} ${value}`);
    find(".x-spoken").textContent = `${labelOf(at.item)}, h = ${nominal(run, i)}: ${said.slice(1).join(", ")}`;
  }
}

function moveTo(item, i) {
  if (state.at && state.at.id === item.id && state.at.i === i) return;
  state.at = { id: item.id, i };
  showCursor(true);
  writeAddress();
}

function hover(event) {
  const frame = find(".x-plot svg").getBoundingClientRect();
  const x = event.clientX - frame.left, y = event.clientY - frame.top;
  const distance = (p) => (p.x - x) ** 2 + (p.y - y) ** 2;
  const nearest = points.reduce((a, b) => (!a || distance(b) < distance(a) ? b : a), null);
  if (nearest) moveTo(nearest.item, nearest.i);
}

function press(event) {
  const at = cursor(), list = series();
  if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = list.findIndex((item) => item.id === at.item.id), { n } = at.item.run;
  const turned = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const moved = { ArrowLeft: at.i + 1, ArrowRight: at.i - 1, Home: n - 1, End: 0 }[event.key];
  if (turned === undefined && moved === undefined) return;
  event.preventDefault();
  const item = turned ? list[(place + turned + list.length) % list.length] : at.item;
  moveTo(item, Math.min(Math.max(moved ?? at.i, 0), item.run.n - 1));
}

// --- the table, the CSV, the legend -------------------------------------------------------------------------------

/** One run: its ledger. Several: the chosen part of each, side by side. */
function columnsOf(list) {
  const single = state.part === "all" || list.length === 1;
  if (!single) return list.map((item) => [labelOf(item), (i) => valueText(item.run, item.part, i)]);
  const { run } = list[0], parts = ["total", "truncation", "roundoff"];
  if (state.detail || state.part === "all") parts.push("abscissa", "evaluation", "combination");
  return [
    ...parts.map((part) => [part + dagger(part), (i) => valueText(run, part, i)]),
    ["correct digits†", (i) => (cellOf(run, "total", i).ok ? digitsText(run, i) : null)],
    ["a priori bound†", (i) => boundText(run.a_priori_bound[i])],
  ];
}

function valueText(run, part, i) {
  if (i >= run.n) return "";
  const cell = cellOf(run, part, i);
  return cell.ok ? scientific(cell.value) : null;
}

function drawTable() {
  const list = series(), table = find(".x-table"), columns = list.length ? columnsOf(list) : [];
  const longest = Math.max(0, ...list.map((item) => item.run.n)), runsOf = list.map((item) => item.run);
  const widest = runsOf.find((run) => run.n === longest), single = columns.some(([name]) => name.startsWith("a priori"));
  const { formula } = data.functions[state.function];
  const subject = single ? `${LABELS.formula(runsOf[0].formula)} difference in ${LABELS.format(runsOf[0].format)}`
    : state.formula === "all" ? `${state.part} in ${LABELS.format(state.format)}`
    : `${state.part} of the ${LABELS.formula(state.formula)} difference`;
  table.caption.textContent = `${formula}: ${subject}, ${select.grid.selectedOptions[0].text}`;
  const head = table.tHead.rows[0], body = table.tBodies[0];
  head.replaceChildren(...["step h", ...columns.map(([name]) => name)].map((name) => element("th", name, { scope: "col" })));
  body.replaceChildren();
  for (let i = 0; i < longest; i++) {
    const row = body.insertRow();
    row.append(element("th", nominal(widest, i), { scope: "row" }));
    const texts = columns.map(([, text]) => text(i)), word = single ? cellOf(runsOf[0], "total", i).word : "";
    const failed = single && !cellOf(runsOf[0], "total", i).ok;
    if (failed) row.append(element("td", word, { class: "status", colspan: columns.length - 1 }));
    texts.forEach((text, j) => {
      if (failed && j < columns.length - 1) return;
      const missing = !single && text === null && cellOf(runsOf[j], list[j].part, i).word;
      const aligned = /^\d.*·10/.test(text) && !columns[j][0].startsWith("a priori") ? { class: "x-plus" } : {};
      row.append(element("td", missing || text, missing ? { class: "status" } : aligned));
    });
    if (single && runsOf[0].best === i) row.classList.add("x-found");
  }
}

function csv() {
  const names = ["function", "formula", "format", "grid", "k", "h", "h_exact", "x", "exact_derivative", "computed",
    ...data.columns, "correct_digits", "status"];
  const number = (value) => (Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");
  const part = (value) => (Number.isFinite(value) && value !== 0 ? value.toExponential(6) : number(value));
  const chosen = [...new Set(series().map((item) => item.run))], { x, text } = data.functions[state.function];
  const rows = chosen.flatMap((run) => run.h.map((h, i) => [
    run.function, run.formula, run.format, run.grid, i + 1, number(h), run.hex[i], number(x), text,
    number(run.computed[i]), ...data.columns.map((name) => part(run[name][i])),
    run.status[i] === "ok" ? digitsText(run, i) : "", run.status[i]]));
  return [names, ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

function download() {
  const link = element("a", "", { download: `${state.function}-${state.formula}-${state.format}-${state.grid}.csv` });
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function copyLink() {
  const text = location.href.split("#")[0] + address(), field = find(".x-url input");
  try {
    await navigator.clipboard.writeText(text);
    find(".x-spoken").textContent = "The link is copied.";
    find("button[name=link]").textContent = "Copied";
    setTimeout(() => { find("button[name=link]").textContent = "Copy the link to this view"; }, 2000);
  } catch { // no access to the clipboard: show the link instead
    field.closest("label").hidden = false;
    field.value = text;
    field.select();
  }
}

function drawLegend() {
  const legend = find(".x-legend"), list = series(true), reasons = new Set(list.map(({ run }) => run.prediction));
  const entry = (id, label, look) => {
    const line = legend.appendChild(element("label", "", { class: `x-check s-${id}` }));
    const box = line.appendChild(element("input", "", { type: "checkbox", name: "show", value: id }));
    box.checked = !state.off.has(id);
    const swatch = svg("svg", { viewBox: "0 0 30 14", width: 30, height: 14, "aria-hidden": "true" }, line);
    look(swatch);
    line.append(label);
  };
  legend.replaceChildren(element("legend", "Shown"));
  for (const item of list) {
    const { marker: shape, dash } = data.looks[item.id];
    entry(item.id, labelOf(item), (swatch) => {
      svg("path", { class: "x-line", d: "M1 7H29", "stroke-dasharray": dash }, swatch);
      svg("path", { class: "x-mark", d: marker(shape, 15, 7, shape === "." ? 2.4 : 3.8) }, swatch);
    });
  }
  const total = list.some((item) => item.part === "total"), none = [...reasons].filter((reason) => reason !== "ok");
  if (total) entry("bound", EXTRAS.bound, (swatch) => svg("path", { class: "x-bound", d: "M1 7H29" }, swatch));
  const why = none.length ? ` (none: ${none.join(", ")})` : "";
  entry("predicted", EXTRAS.predicted + why, (s) => svg("path", { class: "x-hollow", d: marker("D", 15, 7, 6) }, s));
  if (list.some(({ run }) => run.best !== null)) {
    entry("best", EXTRAS.best, (swatch) => svg("circle", { class: "x-best", cx: 15, cy: 7, r: 5.5 }, swatch));
  }
}

function drawAbout() {
  const { formula, x, shown, radius, family, reason } = data.functions[state.function];
  const exact = radius ? `${shown} ± ${scientific(radius, 2)}` : `${shown} exactly`;
  const strong = element("strong", `f(x) = ${formula}`);
  find(".x-about").replaceChildren(strong, ` at x = ${String(x).replace("-", "−")}; f′(x) = ${exact} (${family}). ${reason}`);
}

function drawAll() {
  drawAbout();
  drawLegend();
  drawTable();
  draw();
}

// --- wiring -------------------------------------------------------------------------------------------------------

root.querySelectorAll(".x-tool").forEach((node) => { node.hidden = false; });
find(".x-static").remove();
readAddress();
settle();
find("[name=detail]").checked = state.detail;
drawAll();
if (location.hash.startsWith("#explorer?")) root.scrollIntoView();
for (const name of CHOICES) {
  select[name].addEventListener("change", () => {
    state[name] = select[name].value;
    if (name !== "grid" && name !== "function") state.off = new Set(Object.keys(EXTRAS).filter((id) => state.off.has(id)));
    settle(name);
    drawAll();
    writeAddress();
  });
}
find(".x-choices").addEventListener("submit", (event) => event.preventDefault());
find(".x-legend").addEventListener("change", ({ target }) => {
  state.off[target.checked ? "delete" : "add"](target.value);
  drawTable();
  draw();
  writeAddress();
});
find("[name=detail]").addEventListener("change", ({ target }) => {
  state.detail = target.checked;
  drawTable();
  showCursor(false);
  writeAddress();
});
find(".x-plot").addEventListener("pointermove", hover);
find(".x-plot").addEventListener("pointerdown", hover);
find(".x-plot").addEventListener("keydown", press);
find("button[name=csv]").addEventListener("click", download);
find("button[name=link]").addEventListener("click", copyLink);
window.addEventListener("hashchange", () => {
  if (!readAddress()) return;
  find("[name=detail]").checked = state.detail;
  drawAll();
  root.scrollIntoView();
});
let width = find(".x-plot").clientWidth;
new ResizeObserver(() => {
  if (find(".x-plot").clientWidth !== width) draw();
  width = find(".x-plot").clientWidth;
}).observe(find(".x-plot"));
})();
