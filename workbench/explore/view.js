// Draws the blocks of a panel: text and tables as the HTML that Python made, charts by Vega. A chart whose form has not
// changed gets only its new rows. A click on a mark or a table row tells Python which values stand behind it; the rows of what is chosen are marked.

const FRAME = { renderer: "svg", actions: false, ast: true };

function vega() {
  return new Promise((done, failed) => {
    const since = Date.now();
    (function look() {
      if (window.vegaEmbed) { done(window.vegaEmbed); }
      else if (Date.now() - since > 20000) { failed(new Error("no chart library")); }
      else { setTimeout(look, 20); }
    })();
  });
}

function split(spec) {
  // Altair names data sets after their content; here after their place, so that the form stays the same.
  const names = Object.keys(spec.datasets || {}), rows = {};
  let text = JSON.stringify({ ...spec, datasets: undefined });
  names.forEach((name, at) => {
    rows["rows" + at] = spec.datasets[name];
    text = text.split(JSON.stringify({ name })).join(JSON.stringify({ name: "rows" + at }));
  });
  return { form: text, rows };
}

class Chart {
  constructor(box, tell) { this.box = box; this.tell = tell; this.form = null; this.busy = Promise.resolve(); }
  show(part) {
    this.busy = this.busy.then(() => this.draw(part)).catch((error) => { this.box.textContent = part.label; console.warn(error); });
    return this.busy;
  }
  async draw(part) {
    const { form, rows } = split(part.chart);
    this.box.setAttribute("aria-label", part.label);
    if (form === this.form) {
      for (const name of Object.keys(rows)) { this.view.data(name, structuredClone(rows[name])); }
      await this.view.runAsync();
      return;
    }
    const embed = await vega();
    if (this.view) { this.view.finalize(); }
    const found = await embed(this.box, { ...JSON.parse(form), datasets: rows }, FRAME);
    this.form = form;
    this.view = found.view;
    this.view.addEventListener("click", (event, item) => { if (item && item.datum) { this.tell(plain(item.datum)); } });
  }
}

function plain(datum) {
  const kept = {};
  for (const [name, value] of Object.entries(datum)) {
    if (["string", "number", "boolean"].includes(typeof value)) { kept[name] = value; }
  }
  return kept;
}

function rowOf(row, table) {
  const heads = Array.from(table.tHead.rows[0].cells), kept = {};
  Array.from(row.cells).forEach((cell, at) => {
    if (heads[at]) { kept[heads[at].dataset.name] = cell.dataset.raw !== undefined ? cell.dataset.raw : cell.textContent; }
  });
  return kept;
}

function mark(table, chosen) {
  // The rows that the controls have chosen, where a table also holds others; "a1b2 +48" is a row of a1b2 and 48 more.
  const rows = Array.from(table.tBodies[0].rows), asked = Object.entries(chosen);
  const hits = new Set(rows.filter((row) => {
    const values = rowOf(row, table), known = asked.filter(([name]) => name in values);
    return known.length && known.every(([name, value]) => values[name] === value || values[name].startsWith(`${value} +`));
  }));
  rows.forEach((row) => {
    if (hits.has(row) && hits.size < rows.length) { row.setAttribute("aria-current", "true"); } else { row.removeAttribute("aria-current"); }
  });
}

export default {
  render({ model, el }) {
    el.classList.add("workbench-view");
    let places = [];
    function tell(values) { model.set("picked", { ...values, _at: Date.now() }); model.save_changes(); }
    function draw() {
      const parts = model.get("parts");
      places.slice(parts.length).forEach((place) => place.box.remove());
      places = places.slice(0, parts.length);
      const waiting = parts.map((part, at) => {
        const kind = part.chart ? "chart" : "html";
        let place = places[at];
        if (!place || place.kind !== kind) {
          const box = document.createElement("div");
          if (place) { place.box.replaceWith(box); } else { el.appendChild(box); }
          place = places[at] = { kind, box, text: null };
          if (kind === "chart") { box.setAttribute("role", "img"); box.className = "chart"; place.chart = new Chart(box, tell); }
        }
        if (kind === "chart") { return place.chart.show(part); }
        if (place.text !== part.html) { place.box.innerHTML = part.html; place.text = part.html; }
        return null;
      });
      el.querySelectorAll("table").forEach((table) => { if (table.tHead) { mark(table, model.get("chosen")); } });
      el.dataset.run = model.get("run");
      Promise.all(waiting).then(() => { el.dataset.drawn = model.get("run"); });
    }
    el.addEventListener("click", (event) => {
      const row = event.target.closest("tbody tr"), table = event.target.closest("table");
      if (row && table && table.tHead) { tell(rowOf(row, table)); }
    });
    model.on("change:run", draw);
    draw();
  },
};
