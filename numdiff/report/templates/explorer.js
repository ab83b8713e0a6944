"use strict";
// The explorer: draws any curve of the records that the page carries. The state is what the selects, the checkboxes and
// the cursor say, and what the address holds. From it come the series; from these plot, table and ledger of one cell.
(() => {
const root = document.getElementById("explorer");
const data = JSON.parse(document.getElementById("explorer-data").textContent);
const find = (selector) => root.querySelector(selector);
const on = (selector, event, action) => find(selector).addEventListener(event, action);
const select = Object.fromEntries([...root.querySelectorAll("select")].map((node) => [node.name, node]));
const meaning = Object.fromEntries([...select.part.options].map((option) => [option.value, option.text.split(": ")[1]]));
const PARTS = Object.keys(meaning).filter((part) => part !== "all");
const MARKS = ["bound", "predicted", "best"];
const label = (name) => (data.formulas[name] || data.formats[name] || { label: name }).label;
const dagger = (column) => (data.platform.includes(column) ? "†" : "");

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
  const [, whole, fraction = "", exponent] = /^0x([0-9a-f]+)(?:\.([0-9a-f]+))?p([+-]?\d+)$/.exec(text);
  return Number(BigInt("0x" + whole + fraction)) * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** One function, formula, format and grid: columns of numbers, from the largest step to the smallest. */
const runs = new Map();
function runOf(formula, format) {
  const key = [state.grid, state.function, formula, format].join(" ");
  if (runs.has(key)) return runs.get(key);
  const family = data.runs[state.grid][state.function][formula], kept = family[format], n = kept.status.length;
  const longest = Object.values(family).reduce((a, b) => (b.status.length > a.status.length ? b : a));
  const run = { ...kept, formula, format, grid: state.grid, function: state.function, n };
  run.best = kept.best === null ? null : kept.best - 1;
  run.status = [...kept.status].map((digit) => data.statuses[parseInt(digit, 36)]);
  Object.entries(data.sizes).forEach(([name, size], index) => {
    const source = kept.columns[index] === "=" ? longest : kept;
    run[name] = unpacked(source.columns[index], size, source.status.length).slice(0, n);
  });
  Object.entries(data.sums).forEach(([name, parts], index) => { // but where the parts cancel
    run[name] = run.abscissa.map((_, i) => parts.reduce((sum, part) => sum + run[part][i], 0));
    kept.cancelled[index].forEach((i, at, pairs) => { if (at % 2 === 0) run[name][i] = pairs[at + 1] ?? NaN; });
  });
  const computed = bytesOf(kept.computed);
  run.computed = Array.from(new (computed.length === 8 * n ? Float64Array : Float32Array)(computed.buffer));
  run.h = (run.hex = data.steps[state.grid][format].slice(0, n)).map(fromHex);
  return runs.set(key, run).get(key);
}

/** What stands at a cell: a number, or the word that says why there is none. */
function cellOf(run, part, i) {
  const value = run[part][i], status = run.status[i];
  const usable = status === "ok" || (part === "truncation" && data.formula_only.includes(status));
  return usable && Number.isFinite(value) ? { value } : { word: status === "ok" ? "not finite" : status };
}

// --- how numbers are written --------------------------------------------------------------------------------------
const minus = (text) => String(text).replace("-", "−");
const raised = (number) => String(number).replace(/./g, (digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]);
const factor = () => select.grid.selectedOptions[0].dataset.factor;
const nominal = (i) => `${factor()}2${raised(-i - 1)}`;

function scientific(value, digits = 4) {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${minus(mantissa)}·10${raised(Number(exponent))}`;
}

function boundText(value) { // rounded up
  if (!Number.isFinite(value)) return "none";
  const [mantissa, exponent] = value.toExponential(2).split("e");
  const above = Number(`${Math.round(100 * mantissa) + 1}e${exponent - 2}`);
  return scientific(Number(value.toExponential(2)) < value ? above : value, 3);
}

function digitsText(run, i) {
  const { reference } = data.functions[run.function];
  return !reference ? "–" : run.total[i] === 0 ? "all" : Math.max(0, -Math.log10(Math.abs(run.total[i] / reference))).toFixed(1);
}

// --- the state, and its place in the address ----------------------------------------------------------------------
const DEFAULTS = { ...data.default, format: "all", part: "total", grid: Object.keys(data.runs)[0] };
const CHOICES = Object.keys(DEFAULTS);
const state = { ...DEFAULTS, off: new Set(), detail: false, at: null };

/** Keep what exists, and one dimension of which all is shown: the one that was changed last. */
function settle(changed) {
  for (const name of CHOICES) {
    if (![...select[name].options].some(({ value }) => value === state[name])) state[name] = DEFAULTS[name];
  }
  const several = ["format", "formula", "part"].filter((name) => state[name] === "all");
  const kept = several.includes(changed) ? changed : several[0];
  for (const name of several.filter((other) => other !== kept)) state[name] = data.default[name];
  const formats = Object.values(data.runs[state.grid][state.function])[0];
  if (state.format !== "all" && !formats[state.format]) state.format = Object.keys(formats)[0];
  for (const name of CHOICES) select[name].value = state[name];
  find("[name=detail]").checked = state.detail;
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
  state.at = /^[1-9]\d*$/.test(k) ? { id, i: Number(k) - 1 } : null;
  return true;
}

let timer;
function writeAddress() { // after a pause: browsers refuse more than a hundred changes in half a minute
  clearTimeout(timer);
  timer = setTimeout(() => history.replaceState(null, "", address()), 250);
}

/** The curves: all formats, all formulas or all parts, or one. */
function series(hidden = false) {
  const { formula, format, part } = state, formulas = data.runs[state.grid][state.function];
  const made = (id, f, name, p) => ({ id, part: p, run: runOf(f, name) });
  const present = (names, kept) => Object.keys(names).filter((name) => kept[name]);
  let list;
  if (part === "all") list = PARTS.map((p) => made(p, formula, format, p));
  else if (formula === "all") list = present(data.formulas, formulas).map((f) => made(f, f, format, part));
  else {
    const formats = format === "all" ? present(data.formats, formulas[formula]) : [format];
    list = formats.map((name) => made(name, formula, name, part));
  }
  return hidden ? list : list.filter((item) => !state.off.has(item.id));
}

// --- the plot -----------------------------------------------------------------------------------------------------
function svg(tag, attributes, parent, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
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
const pathOf = (spots) => spots.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");

/** Exponents of powers of ten between two logarithms, at most so many. */
function decades([low, high], most) {
  const stride = [1, 2, 3, 4, 5, 10, 20, 50, 100].find((s) => (high - low) / s <= most) || 200;
  const first = Math.ceil(low / stride);
  return Array.from({ length: Math.floor(high / stride) - first + 1 }, (_, i) => (first + i) * stride);
}

/** The row at the top edge for the crosses of each curve: the first in which none is in the way. */
function lanesOf(list) {
  const lanes = new Map(), taken = [];
  for (const { id, part, run } of list) {
    const failed = run.h.filter((_, i) => cellOf(run, part, i).word);
    if (!failed.length) continue;
    const from = Math.min(...failed) / 2, to = Math.max(...failed) * 2;
    let lane = 0;
    while ((taken[lane] ||= []).some(([a, b]) => from < b && a < to)) lane++;
    taken[lane].push([from, to]);
    lanes.set(id, lane);
  }
  return lanes;
}

const widthOf = () => Math.max(280, find(".x-plot").clientWidth);
function layout(list) {
  const width = widthOf(), height = Math.min(470, Math.max(330, 0.8 * width));
  const steps = list.flatMap(({ run }) => run.h.map(Math.log10)), lanes = lanesOf(list);
  const values = list.flatMap(({ run, part }) => run.h.map((_, i) => cellOf(run, part, i).value));
  const sizes = values.filter(Boolean).map((value) => Math.log10(Math.abs(value))), zero = values.includes(0);
  const low = sizes.length ? Math.min(...sizes) : -1;
  let high = sizes.length ? Math.max(...sizes) : 1;
  if (!state.off.has("bound")) { // a bound that is far above all errors does not press them together
    const bounds = list.flatMap(({ run, part }) => (part === "total" ? [...run.a_priori_bound].map(Math.log10) : []));
    high = Math.min(Math.max(high, ...bounds.filter(Number.isFinite)), high + 2);
  }
  const room = 0.04 * (high - low) + 0.3, floor = Math.floor(low - 0.7) - 0.1 * room;
  const box = { left: 52, right: width - 12, top: 26, bottom: height - 42 };
  const above = lanes.size ? 9 * Math.max(...lanes.values()) + 17 : 0;
  const [first, last] = steps.length ? [Math.min(...steps), Math.max(...steps)] : [-1, 0], pad = 0.03 * (last - first) + 0.1;
  const range = { x: [first - pad, last + pad], y: [zero ? floor - room : low - room, high + room] };
  const share = (value, [a, b]) => (value - a) / (b - a);
  const across = (value) => box.left + share(value, range.x) * (box.right - box.left);
  const up = (value) => box.bottom - share(value, range.y) * (box.bottom - box.top - above);
  const lane = (id) => box.top + 8 + 9 * lanes.get(id);
  return { width, height, box, range, across, up, lane, floor: zero ? floor : null };
}

function drawFrame(canvas, list) {
  const { box, range, across, up, height, floor } = scale;
  const write = (x, y, text, anchor, kind = "") =>
    svg("text", { x, y, "text-anchor": anchor, class: kind }, canvas, text);
  for (const e of decades(range.x, (box.right - box.left) / 62)) {
    svg("path", { class: "x-grid", d: `M${across(e)} ${box.top}V${box.bottom}` }, canvas);
    write(across(e), box.bottom + 17, `10${raised(e)}`, "middle");
  }
  for (const e of decades(range.y, (box.bottom - box.top) / 34)) {
    if (floor !== null && up(e) > up(floor) - 12) continue; // the floor is no power of ten
    svg("path", { class: "x-grid", d: `M${box.left} ${up(e)}H${box.right}` }, canvas);
    write(box.left - 7, up(e) + 4, `10${raised(e)}`, "end");
  }
  if (floor !== null) {
    svg("path", { class: "x-floor", d: `M${box.left} ${up(floor)}H${box.right}` }, canvas);
    write(box.left - 7, up(floor) + 4, "exact 0", "end", "x-faint");
  }
  svg("path", { class: "x-axis", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` }, canvas);
  write((box.left + box.right) / 2, height - 6, "step h", "middle", "x-title");
  write(4, 15, state.part === "all" ? "|parts of the error|" : `|${state.part} error|`, "start", "x-title");
  const failed = new Map(); // a cell counts once, also where several parts of it are drawn
  for (const { run, part } of list) run.h.forEach((_, i) => failed.set(run.format + run.formula + i, cellOf(run, part, i).word));
  const words = [...failed.values()].filter(Boolean);
  const counts = [...new Set(words)].map((word) => `${words.filter((one) => one === word).length} ${word}`);
  if (counts.length) write(box.right, 15, `× ${counts.join(", ")}`, "end", "x-faint");
}

let scale = null, points = []; // where the cells are drawn: {x, y, item, i}
function drawCurve(canvas, item) {
  const { run, part, id } = item, { across, up, box, floor } = scale, look = data.looks[id];
  const group = svg("g", { class: `x-curve s-${id}`, "data-series": id }, canvas);
  const path = (kind, d, more = {}) => d && svg("path", { class: kind, d, ...more }, group);
  const spots = run.h.map((h, i) => {
    const { value, word } = cellOf(run, part, i), zero = value === 0, level = zero ? floor : Math.log10(Math.abs(value));
    return { x: across(Math.log10(h)), y: word ? scale.lane(id) : up(level), item, i, word, zero };
  });
  points.push(...spots);
  const drawn = (spot) => spot && !spot.word && !spot.zero, clip = { "clip-path": "url(#explorer-clip)" };
  const line = spots.filter(drawn).map((s) => `${drawn(spots[s.i - 1]) ? "L" : "M"}${pathOf([s])}`).join("");
  path("x-line", line, { "stroke-dasharray": look.dash });
  const stride = Math.ceil((8 * run.n) / (box.right - box.left)), radius = look.marker === "." ? 2.2 : 3.4;
  const own = (x, y, r) => marker(look.marker, x, y, r);
  const marks = (kept, shape = own) => spots.filter(kept).map((s) => shape(s.x, s.y, s.word ? 2.6 : radius)).join("");
  path("x-mark", marks((s) => drawn(s) && s.i % stride === 0));
  path("x-hollow x-zero", marks((s) => s.zero));
  path("x-failed", marks((s) => s.word, cross));
  if (part === "total" && !state.off.has("bound")) {
    const bound = spots.map(({ x, i }) => ({ x, y: up(Math.log10(run.a_priori_bound[i])) }));
    path("x-bound", "M" + pathOf(bound.filter(({ y }) => Number.isFinite(y))), clip);
  }
  if (part === "total" && run.predicted && run.prediction === "ok" && !state.off.has("predicted")) {
    const [step, error] = run.predicted.map(Math.log10);
    path("x-hollow x-predicted", marker("D", across(step), up(error), 6.5), clip);
  }
  const best = run.best !== null && spots[run.best];
  if (best && !state.off.has("best")) svg("circle", { class: "x-best", cx: best.x, cy: best.y, r: 7.5 }, group);
}

function draw() {
  const list = series(), holder = find(".x-plot");
  [scale, points] = [layout(list), []];
  const { width, height, box } = scale;
  const canvas = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  const clip = svg("clipPath", { id: "explorer-clip" }, svg("defs", {}, canvas));
  svg("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top }, clip);
  drawFrame(canvas, list);
  for (const item of list) drawCurve(canvas, item);
  svg("g", { class: "x-cursor" }, canvas);
  holder.replaceChildren(canvas);
  const what = `Error against step for ${data.functions[state.function].formula}, logarithmic axes`;
  holder.setAttribute("aria-label", `${what}; curves: ${list.map(({ id }) => label(id)).join(", ") || "none"}`);
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

/** The lines of the ledger: what, what that is, its value. */
function ledger(run, i) {
  const parts = ["truncation", "abscissa", "evaluation", "combination", "total", "roundoff"], computed = run.computed[i];
  const sums = { ...meaning, total: "sum of these four", roundoff: "all but truncation" };
  const number = (part) => (Number.isFinite(run[part][i]) ? scientific(run[part][i]) : "–");
  return [
    ["step h", "", scientific(run.h[i])],
    ["exactly", "", run.hex[i]],
    ["computed†", data.wide.includes(run.format) ? "nearest double" : "", Number.isFinite(computed) ? minus(computed) : "–"],
    ["exact f′(x)", "", minus(data.functions[run.function].reference ?? "–")],
    ...parts.map((part) => [part + dagger(part), sums[part], number(part)]),
    ["bound†", "on |total|, a priori", boundText(run.a_priori_bound[i])],
    ["correct digits†", "", Number.isFinite(run.total[i]) ? digitsText(run, i) : "–"],
    ["status", run.best === i ? "the best step found" : "", run.status[i]],
  ];
}

function element(tag, text = "", attributes = {}, children = []) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function showCursor(spoken) {
  const at = cursor(), layer = find(".x-cursor"), panel = find(".x-ledger");
  if (!at) return panel.replaceChildren(element("p", "No curve is shown."));
  const { run, part, id } = at.item, i = at.i, rows = ledger(run, i);
  const spot = points.find((point) => point.item.id === id && point.i === i);
  layer.replaceChildren();
  layer.setAttribute("class", `x-cursor s-${id}`);
  svg("path", { class: "x-rule", d: `M${spot.x} ${scale.box.top}V${scale.box.bottom}` }, layer);
  svg("circle", { class: "x-spot", cx: spot.x, cy: spot.y, r: 4.5 }, layer);
  const lines = rows.map(([name, what, value]) => element("tr", "", {
    class: `x-row-${name.replace(/\W.*/, "")}${name.startsWith(part) ? " x-part" : ""}`,
  }, [element("th", name, { scope: "row" }, what ? [element("small", what)] : []), element("td", value)]));
  const caption = element("caption", `${label(run.format)}, ${label(run.formula)}, h = ${nominal(i)}`);
  panel.replaceChildren(element("table", "", {}, [caption, element("tbody", "", {}, lines)]));
  root.querySelectorAll(".x-table tbody tr").forEach((row, k) => row.classList.toggle("x-at", k === i));
  const said = rows.slice(2).map(([name, , value]) => `${name.replace("†", "")} ${value}`);
  if (spoken) find(".x-spoken").textContent = `${label(id)}, h = ${nominal(i)}: ${said.join(", ")}`;
}

function moveTo({ item, i }) {
  if (state.at && state.at.id === item.id && state.at.i === i) return;
  state.at = { id: item.id, i };
  showCursor(true);
  writeAddress();
}

function hover(event) {
  const { left, top } = find(".x-plot svg").getBoundingClientRect();
  const distance = ({ x, y }) => Math.hypot(left + x - event.clientX, top + y - event.clientY);
  if (points.length) moveTo(points.reduce((a, b) => (distance(b) < distance(a) ? b : a)));
}

function press(event) {
  const at = cursor(), list = series();
  if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = list.findIndex(({ id }) => id === at.item.id), turned = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const moved = { ArrowLeft: at.i + 1, ArrowRight: at.i - 1, Home: Infinity, End: 0 }[event.key];
  if (turned === undefined && moved === undefined) return;
  event.preventDefault();
  const item = turned ? list[(place + turned + list.length) % list.length] : at.item;
  moveTo({ item, i: Math.min(Math.max(moved ?? at.i, 0), item.run.n - 1) });
}

// --- the table, the CSV, the link, the legend ---------------------------------------------------------------------
/** One run: its ledger. Several: the chosen part of each, side by side. A column is a head and its cells. */
function columnsOf(list) {
  const texts = (run, part, text = (i) => scientific(run[part][i])) => Array.from({ length: run.n }, (_, i) => {
    const { word } = cellOf(run, part, i);
    return word ? { word } : { text: text(i) };
  });
  if (state.part !== "all" && list.length > 1) return list.map(({ id, run, part }) => [label(id), texts(run, part)]);
  const [{ run }] = list, parts = ["total", "truncation", "roundoff"];
  if (state.detail || state.part === "all") parts.push("abscissa", "evaluation", "combination");
  return [
    ...parts.map((part) => [part + dagger(part), texts(run, part)]),
    ["correct digits†", texts(run, "total", (i) => digitsText(run, i))],
    ["bound†", Array.from(run.a_priori_bound, (bound) => ({ text: boundText(bound) }))],
  ];
}

function drawTable() {
  const list = series(), table = find(".x-table"), columns = list.length ? columnsOf(list) : [];
  find("[name=detail]").parentNode.hidden = list.length !== 1;
  const ledgers = columns.length > list.length, several = (name) => state[name] === "all";
  const one = ledgers ? list[0].run : state, names = ["formula", "format"].map((name) => one[name]);
  const what = `${data.functions[state.function].formula}: ${ledgers || several("part") ? "error" : state.part}`;
  table.caption.textContent = [what, ...names.filter((name) => name !== "all").map(label), select.grid.selectedOptions[0].text].join(", ");
  const heads = ["step h", ...columns.map(([head]) => head)];
  table.tHead.rows[0].replaceChildren(...heads.map((head) => element("th", head, { scope: "col" })));
  const length = Math.max(0, ...list.map(({ run }) => run.n)), size = Number(factor().replace("·", "") || 1);
  table.tBodies[0].replaceChildren(...Array.from({ length }, (_, i) => {
    const about = element("small", ` ≈ ${scientific(size * 2 ** (-i - 1), 3)}`);
    const step = element("th", nominal(i), { scope: "row" }, [about]);
    const cells = columns.map(([, own]) => {
      const { text = "", word } = own[i] || {}, unsigned = /^\d.*·/.test(text) ? { class: "x-plus" } : {};
      return element("td", word || text, word ? { class: "status" } : unsigned);
    });
    return element("tr", "", ledgers && list[0].run.best === i ? { class: "x-found" } : {}, [step, ...cells]);
  }));
}

function csv() {
  const names = ["function", "formula", "format", "grid", "k", "h", "h_exact", "x", "exact_derivative", "computed"];
  const number = (value) => ({ NaN: "nan", Infinity: "inf", "-Infinity": "-inf" })[value] ?? String(value);
  const part = (value) => (Number.isFinite(value) && value !== 0 ? value.toExponential(5) : number(value));
  const { x, text } = data.functions[state.function], chosen = new Set(series().map(({ run }) => run));
  const rows = [...chosen].flatMap((run) => run.h.map((h, i) => [
    run.function, run.formula, run.format, run.grid, i + 1, number(h), run.hex[i], number(x), text, number(run.computed[i]),
    ...data.columns.map((name) => part(run[name][i])), run.status[i] === "ok" ? digitsText(run, i) : "", run.status[i],
  ]));
  return [[...names, ...data.columns, "correct_digits", "status"], ...rows].map((row) => row.join(",") + "\n").join("");
}

function download() {
  const link = element("a", "", { download: `${state.function}-${state.formula}-${state.format}-${state.grid}.csv` });
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function copyLink() { // and show it: a page may not write to the clipboard everywhere
  const field = find(".x-url input");
  field.value = location.href.split("#")[0] + address();
  field.parentNode.hidden = false;
  field.select();
  navigator.clipboard?.writeText(field.value).catch(() => {});
}

function drawLegend() {
  const list = series(true), total = list.some(({ part }) => part === "total");
  find(".x-curves").replaceChildren(...list.map(({ id }) => {
    const swatch = svg("svg", { viewBox: "0 0 30 14", width: 30, height: 14, "aria-hidden": "true" });
    const { marker: shape, dash } = data.looks[id], box = { type: "checkbox", value: id };
    svg("path", { class: "x-line", d: "M1 7H29", "stroke-dasharray": dash }, swatch);
    svg("path", { class: "x-mark", d: marker(shape, 15, 7, shape === "." ? 2.4 : 3.8) }, swatch);
    return element("label", "", { class: `x-check s-${id}` }, [element("input", "", box), swatch, label(id)]);
  }));
  const without = list.filter(({ run }) => run.prediction !== "ok"), all = without.length === list.length;
  const reasons = new Set(without.map(({ id, run }) => (all ? "" : `${label(id)}: `) + run.prediction));
  find(".x-reason").textContent = reasons.size ? ` (none: ${[...reasons].join("; ")})` : "";
  for (const box of root.querySelectorAll(".x-legend input")) {
    box.checked = !state.off.has(box.value);
    const shown = box.value === "best" ? list.some(({ run }) => run.best !== null) : total;
    if (MARKS.includes(box.value)) box.parentNode.hidden = !shown;
  }
}

// --- wiring -------------------------------------------------------------------------------------------------------
function drawAll() {
  const { formula, about } = data.functions[state.function];
  find(".x-about").replaceChildren(element("strong", `f(x) = ${formula}`), ` ${about}`);
  drawLegend();
  drawTable();
  draw();
}

function fromAddress() {
  const asked = readAddress();
  if (!asked && scale) return; // another place of the page
  settle();
  drawAll();
  if (asked) setTimeout(() => root.scrollIntoView({ behavior: "instant" })); // below what other scripts draw
}

const changing = (action) => ({ target }) => [action(target), writeAddress()];
root.querySelectorAll(".x-tool").forEach((node) => { node.hidden = false; });
find(".x-static").remove();
fromAddress();
window.addEventListener("hashchange", fromAddress);
on(".x-choices", "change", changing(({ name, value }) => {
  const before = series(true).map(({ id }) => id);
  state[name] = value;
  settle(name);
  if (series(true).some(({ id }) => !before.includes(id))) state.off = new Set(MARKS.filter((id) => state.off.has(id)));
  drawAll();
}));
on(".x-legend", "change", changing(({ checked, value }) => {
  state.off[checked ? "delete" : "add"](value);
  drawTable();
  draw();
}));
on("[name=detail]", "change", changing(({ checked }) => {
  state.detail = checked;
  drawTable();
  showCursor(false);
}));
for (const kind of ["pointermove", "pointerdown"]) on(".x-plot", kind, hover);
on(".x-plot", "keydown", press);
on("button[name=csv]", "click", download);
on("button[name=link]", "click", copyLink);
new ResizeObserver(() => widthOf() !== scale.width && draw()).observe(find(".x-plot"));
})();
