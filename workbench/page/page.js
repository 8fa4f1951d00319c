(function () {
  "use strict";
  var root = document.documentElement;
  function language() { var zh = document.getElementById("language-zh"); return zh ? (zh.checked ? "zh" : "en") : root.lang; }
  function say(texts) { return texts[language()] || texts.en; }
  var words = { filter: { en: "Filter rows", zh: "筛选" }, save: { en: "Save as CSV", zh: "保存为 CSV" } };

  var zh = document.getElementById("language-zh"), en = document.getElementById("language-en");
  function told() { root.lang = language() === "zh" ? "zh-Hans" : "en"; document.dispatchEvent(new Event("language")); }
  if (zh) {
    if (/^zh/.test(navigator.language || "")) { zh.checked = true; }
    zh.addEventListener("change", told); en.addEventListener("change", told); told();
  }

  function raw(cell) {
    if (cell.dataset.raw !== undefined) { return cell.dataset.raw; }
    var part = cell.querySelector('[lang="en"]');
    return (part || cell).textContent;
  }
  function quoted(text) {
    if (/^[=+\-@\t\r]/.test(text) && !/^-?[0-9.]+$/.test(text)) { text = "'" + text; }
    return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }
  document.querySelectorAll(".table").forEach(function (box) {
    var table = box.querySelector("table"), body = table.tBodies[0], rows = Array.from(body.rows);
    if (!rows.length || rows[0].cells.length !== table.tHead.rows[0].cells.length) { return; }
    var heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, at) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") === "descending" || !head.classList.contains("number") && !head.hasAttribute("aria-sort");
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "ascending" : "descending");
        var number = head.classList.contains("number"), sign = down ? 1 : -1;
        rows.sort(function (a, b) {
          var x = raw(a.cells[at]), y = raw(b.cells[at]);
          if (x === "" || y === "") { return x === y ? 0 : x === "" ? 1 : -1; }
          return sign * (number ? parseFloat(x.replace(/[^0-9.eE+-]/g, "")) - parseFloat(y.replace(/[^0-9.eE+-]/g, "")) : x < y ? -1 : x > y ? 1 : 0);
        });
        rows.forEach(function (row) { body.appendChild(row); });
      });
    });
    var tools = document.createElement("div"), save = document.createElement("button");
    tools.className = "tools";
    if (rows.length > 8) {
      var filter = document.createElement("input");
      filter.type = "search";
      filter.addEventListener("input", function () {
        var sought = filter.value.toLowerCase();
        rows.forEach(function (row) { row.hidden = row.textContent.toLowerCase().indexOf(sought) < 0; });
      });
      tools.appendChild(filter);
      var name = function () { filter.placeholder = say(words.filter); filter.setAttribute("aria-label", say(words.filter)); };
      name(); document.addEventListener("language", name);
    }
    save.type = "button";
    var label = function () { save.textContent = say(words.save); };
    label(); document.addEventListener("language", label);
    save.addEventListener("click", function () {
      var lines = [heads.map(function (head) { return quoted(head.dataset.name); }).join(",")];
      rows.forEach(function (row) { if (!row.hidden) { lines.push(Array.from(row.cells).map(function (cell) { return quoted(raw(cell)); }).join(",")); } });
      var link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
      link.download = box.dataset.name + ".csv";
      link.click();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    });
    tools.appendChild(save);
    box.parentNode.insertBefore(tools, box);
  });

  if (window.vegaEmbed) {
    document.querySelectorAll(".chart [data-chart]").forEach(function (box) {
      var spec = JSON.parse(document.getElementById(box.dataset.chart).textContent), place = document.createElement("div");
      place.lang = box.lang;
      place.style.position = "absolute"; place.style.visibility = "hidden";
      box.parentNode.insertBefore(place, box);
      window.vegaEmbed(place, spec, { renderer: "svg", actions: false, ast: true, tooltip: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" } }).then(function () {
        place.setAttribute("role", "img"); place.setAttribute("aria-label", box.getAttribute("aria-label"));
        place.style.position = ""; place.style.visibility = ""; box.remove();
      }, function () { place.remove(); });
    });
  }
})();
