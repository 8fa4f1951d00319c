// A small grid: type, paste from a spreadsheet, add and remove rows, save. Python checks on save and names bad cells.

const MOST = 20; // mistakes listed at once

export default {
  render({ model, el }) {
    el.classList.add("workbench-sheet");
    const words = () => model.get("words"), heads = model.get("heads"), titles = model.get("titles");
    const made = (tag, name) => { const one = document.createElement(tag); one.className = name; return one; };
    const title = made("p", "title"), tools = made("div", "tools"), said = made("p", "said"), list = made("ul", "wrong"), box = made("div", "grid");
    title.textContent = words().title; said.setAttribute("role", "status"); box.setAttribute("role", "region"); box.setAttribute("aria-label", words().title);
    el.append(title, tools, said, list, box);
    let rows = model.get("rows").map((row) => row.slice());

    function button(name, act) {
      const made = document.createElement("button");
      made.type = "button"; made.className = "jupyter-button " + name; made.textContent = words()[name];
      made.addEventListener("click", act);
      tools.appendChild(made);
    }
    function fit(count) { while (rows.length < count) { rows.push(heads.map(() => "")); } }
    function pasted(event, at, column) {
      const text = event.clipboardData.getData("text/plain");
      if (!/[\t\n]/.test(text)) { return; }
      event.preventDefault();
      text.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach((line, down) => {
        fit(at + down + 1);
        line.split("\t").forEach((cell, right) => { if (column + right < heads.length) { rows[at + down][column + right] = cell; } });
      });
      draw();
    }
    function draw() {
      const wrong = new Map(model.get("wrong").map((one) => [one.row - 1 + ":" + one.column, one.why]));
      list.replaceChildren(...model.get("wrong").slice(0, MOST).map((one) => { const line = document.createElement("li"); line.textContent = one.told; return line; }));
      const table = document.createElement("table"), head = table.createTHead().insertRow();
      ["", ...titles, ""].forEach((name) => { const cell = document.createElement("th"); cell.scope = "col"; cell.textContent = name; head.appendChild(cell); });
      const body = table.createTBody();
      rows.forEach((row, at) => {
        const line = body.insertRow();
        line.insertCell().textContent = at + 1;
        row.forEach((value, column) => {
          const input = document.createElement("input"), why = wrong.get(at + ":" + heads[column]);
          input.value = value; input.setAttribute("aria-label", titles[column] + " " + (at + 1));
          if (why) { input.setAttribute("aria-invalid", "true"); input.title = why; }
          input.addEventListener("input", () => { rows[at][column] = input.value; });
          input.addEventListener("paste", (event) => pasted(event, at, column));
          line.insertCell().appendChild(input);
        });
        const gone = document.createElement("button");
        gone.type = "button"; gone.textContent = "×"; gone.setAttribute("aria-label", words().remove + " " + (at + 1));
        gone.addEventListener("click", () => { rows.splice(at, 1); draw(); });
        line.insertCell().appendChild(gone);
      });
      box.replaceChildren(table);
    }
    button("add", () => { rows.push(heads.map(() => "")); draw(); });
    button("save", () => { model.set("rows", rows.map((row) => row.slice())); model.set("asked", model.get("asked") + 1); model.save_changes(); });
    model.on("change:wrong", () => { draw(); const first = box.querySelector("[aria-invalid]"); if (first) { first.focus(); } });
    model.on("change:said", () => { said.textContent = model.get("said"); });
    said.textContent = model.get("said");
    fit(1);
    draw();
  },
};
