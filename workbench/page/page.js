(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const held = (id) => JSON.parse(document.getElementById(id).textContent);
  const words = held("words"), titles = held("titles");

  // Language: the address (#zh), else what was chosen before, else the reader's system.
  const switches = all('input[name="language"]');
  const language = () => (switches.find((one) => one.checked) || { value: root.lang.slice(0, 2) }).value;
  const say = (key, values = {}) => words[key][language()].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const kept = (value) => {
    try {
      if (value) { localStorage.setItem("workbench-language", value); }
      return localStorage.getItem("workbench-language");
    } catch { return null; } // a page opened from disk may have no storage
  };
  const asked = () => (/^#(en|zh)$/.exec(location.hash) || [])[1];
  function told() {
    root.lang = language() === "zh" ? "zh-Hans" : "en";
    document.title = titles[language()];
    all("a[data-page]").forEach((link) => { link.href = `${link.getAttribute("href").split("#")[0]}#${language()}`; });
    document.dispatchEvent(new Event("language"));
  }
  function choose(value) {
    const found = switches.find((one) => one.value === value);
    if (found) { found.checked = true; told(); }
  }
  const saying = (change) => { change(); document.addEventListener("language", change); };
  if (switches.length) {
    switches.forEach((one) => one.addEventListener("change", () => { kept(one.value); told(); }));
    addEventListener("hashchange", () => choose(asked()));
    choose(asked() || kept() || (/^zh/i.test(navigator.language || "") ? "zh" : "en"));
  }

  function make(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // Tables: sort, filter, keep what was picked in a chart, save what is shown.
  const raw = (cell, number) => {
    if (cell.dataset.raw !== undefined) { return cell.dataset.raw; }
    const text = (cell.querySelector('[lang="en"]') || cell).textContent;
    return number ? text.replaceAll(",", "") : text;
  };
  const quoted = (text, number) => {
    // What a spreadsheet would run gets an apostrophe, as in the command's CSV; a number stays a number.
    if (/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) && !(number && /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text))) { text = `'${text}`; }
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const order = new Intl.Collator("en", { numeric: true });
  const picks = new Map(), tables = [];

  class Table {
    constructor(box) {
      this.box = box;
      this.table = box.querySelector("table");
      this.heads = [...this.table.tHead.rows[0].cells];
      this.numbers = this.heads.map((head) => head.classList.contains("number"));
      this.rows = [...this.table.tBodies[0].rows].map((row) => ({
        row, text: row.textContent.toLowerCase(), values: [...row.cells].map((cell, at) => raw(cell, this.numbers[at])),
      }));
      this.sought = "";
      this.tools();
      this.heads.forEach((head, at) => this.sorter(head, at));
      this.show();
    }

    sorter(head, at) {
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const last = head.getAttribute("aria-sort"), first = this.numbers[at] ? "descending" : "ascending";
        const way = !last ? first : last === "ascending" ? "descending" : "ascending", sign = way === "ascending" ? 1 : -1;
        this.heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way);
        this.rows.sort(({ values: { [at]: one } }, { values: { [at]: other } }) => {
          if (one === "" || other === "") { return one === other ? 0 : one === "" ? 1 : -1; } // the unknown stays last
          return sign * (this.numbers[at] ? one - other : order.compare(one, other));
        });
        this.table.tBodies[0].append(...this.rows.map(({ row }) => row));
      });
    }

    tools() {
      const tools = make("div", { className: "tools" });
      this.count = make("span", { className: "count", role: "status" });
      this.every = make("button", { type: "button", hidden: true });
      const save = make("button", { type: "button" });
      if (this.rows.length > 8) {
        const filter = make("input", { type: "search" });
        filter.addEventListener("input", () => { this.sought = filter.value.trim().toLowerCase(); this.show(); });
        saying(() => { filter.placeholder = filter.ariaLabel = say("filter"); });
        tools.append(filter);
      }
      this.every.addEventListener("click", () => { picks.forEach((pick) => pick.undo()); });
      save.addEventListener("click", () => this.save());
      saying(() => { save.textContent = say("save"); this.every.textContent = say("every"); if (this.rows) { this.tell(); } });
      tools.append(this.count, this.every, save);
      this.box.insertBefore(tools, this.box.querySelector(".scroll"));
    }

    kept({ text, values }) {
      return text.includes(this.sought) && this.heads.every((head, at) => {
        const pick = picks.get(head.dataset.name);
        return !pick || pick.values.has(values[at]);
      });
    }

    show() {
      this.rows.forEach((one) => { one.row.hidden = !this.kept(one); });
      this.every.hidden = !this.heads.some((head) => picks.has(head.dataset.name));
      this.tell();
    }

    tell() {
      const n = this.rows.filter(({ row }) => !row.hidden).length, of = this.rows.length;
      this.count.textContent = n === of ? say("rows_all", { n }) : say("rows_some", { n, of });
    }

    csv() {
      const lines = [this.heads.map((head) => quoted(head.dataset.name))];
      this.rows.filter(({ row }) => !row.hidden).forEach(({ values }) => {
        lines.push(values.map((value, at) => quoted(value, this.numbers[at])));
      });
      return `\ufeff${lines.map((line) => `${line.join(",")}\r\n`).join("")}`;
    }

    save() {
      const link = make("a", { href: URL.createObjectURL(new Blob([this.csv()], { type: "text/csv" })), download: `${this.box.dataset.name}.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }
  }
  // Text to take along: selected by hand where no script runs.
  all("figure.lines").forEach((box) => {
    const button = make("button", { type: "button" });
    const told = (key) => { button.textContent = say(key); };
    saying(() => told("copy"));
    button.addEventListener("click", async () => {
      const shown = all("pre", box).find((one) => one.offsetParent), chosen = getSelection();
      chosen.selectAllChildren(shown);
      try { await navigator.clipboard.writeText(shown.textContent); } catch { document.execCommand("copy"); } // not everywhere allowed
      told("copied");
      setTimeout(() => told("copy"), 2000);
    });
    box.querySelector("figcaption").after(make("div", { className: "tools" }, button));
  });
  all("figure.table").forEach((box) => {
    const [row] = box.querySelector("table").tBodies[0].rows;
    if (row && row.cells.length === box.querySelector("table").tHead.rows[0].cells.length) { tables.push(new Table(box)); }
  });

  // Charts: the drawn SVG stays until its living chart is there, and where that fails.
  const fits = (spec) => typeof spec.width === "number" && !["hconcat", "vconcat", "concat", "facet", "repeat"].some((part) => part in spec);
  const selections = (spec) => [...(spec.params || []), ...(spec.layer || []).flatMap(selections)].filter((one) => one.select && one.bind === undefined);

  function pick(view, name, value) {
    for (const field of new Set(tables.flatMap(({ heads }) => heads.map((head) => head.dataset.name)))) {
      const values = value[field];
      const undo = () => {
        try { view.signal(`${name}_x`, []); } catch { view.data(`${name}_store`, []); } // a brush, or marks clicked
        view.runAsync();
        picks.delete(field);
        tables.forEach((table) => table.show());
      };
      if (Array.isArray(values) && values.length && values.every((one) => typeof one === "string")) {
        picks.set(field, { values: new Set(values), undo, by: view });
      } else if (picks.get(field)?.by === view) { picks.delete(field); }
    }
    tables.forEach((table) => table.show());
  }

  async function enliven(box) {
    const width = Math.floor(box.clientWidth);
    if (!width || box.dataset.width === String(width)) { return; }
    box.dataset.width = width;
    const spec = held(box.dataset.chart), place = make("div", { className: "alive", hidden: true });
    if (fits(spec)) { spec.width = width; }
    const legend = spec.encoding?.color?.legend;
    if (legend?.columns) { legend.columns = Math.max(1, Math.min(legend.columns, Math.floor(width / 170))); }
    const tip = { disableDefaultStyle: true };
    place.setAttribute("aria-hidden", "true"); // the box is the picture and has its words
    box.append(place);
    try {
      const { view } = await window.vegaEmbed(place, spec, { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, logLevel: 1, tooltip: tip });
      selections(spec).forEach(({ name }) => { try { view.addSignalListener(name, (_, value) => pick(view, name, value)); } catch { /* a selection of a part only */ } });
      [...box.children].forEach((child) => { if (child !== place) { child.remove(); } });
      place.hidden = false;
    } catch { place.remove(); }
  }
  if (window.vegaEmbed) {
    const seen = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => { if (isIntersecting) { enliven(target); } }), { rootMargin: "400px" });
    const drawn = all(".chart .drawn");
    drawn.forEach((box) => seen.observe(box));
    let waiting;
    addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => drawn.filter((box) => box.dataset.width).forEach(enliven), 200);
    });
    const told = new Set(); // each hint once, under the first chart it is true of
    all(".chart").forEach((figure) => {
      const [script] = all("script", figure);
      selections(JSON.parse(script.textContent)).forEach(({ select }) => {
        const key = (select.type || select) === "interval" ? "pick_months" : "pick_marks";
        if (told.has(key)) { return; }
        told.add(key);
        const hint = make("p", { className: "hint" });
        saying(() => { hint.textContent = say(key); });
        figure.append(hint);
      });
    });
  }

  // Contents: where the reader is.
  const links = all(".contents a");
  if (links.length) {
    const here = () => {
      const last = links.filter((link) => document.getElementById(link.hash.slice(1)).getBoundingClientRect().top < innerHeight / 3).pop() || links[0];
      links.forEach((link) => { if (link === last) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); } });
    };
    addEventListener("scroll", here, { passive: true });
    here();
  }

  // The index: by state, and by any word.
  all("[data-filters]").forEach((bar) => {
    const rows = all(".months tbody tr").map((row) => ({ row, text: `${row.closest("section").querySelector("h2").textContent} ${row.textContent}`.toLowerCase() }));
    const filter = make("input", { type: "search" }), off = new Set();
    const show = () => {
      rows.forEach(({ row, text }) => { row.hidden = off.has(row.dataset.state) || !text.includes(filter.value.trim().toLowerCase()); });
      all(".seller").forEach((seller) => { seller.hidden = all("tbody tr", seller).every((row) => row.hidden); });
    };
    all(".state", bar).forEach((state) => {
      const button = make("button", { type: "button", className: state.className, ariaPressed: "true" }, ...state.childNodes);
      button.addEventListener("click", () => {
        const now = button.getAttribute("aria-pressed") === "true";
        button.setAttribute("aria-pressed", String(!now));
        if (now) { off.add(state.dataset.state); } else { off.delete(state.dataset.state); }
        show();
      });
      state.replaceWith(button);
    });
    filter.addEventListener("input", show);
    saying(() => { filter.placeholder = filter.ariaLabel = say("filter"); });
    bar.prepend(filter);
  });
})();
