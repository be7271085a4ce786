"use strict";

// Controls that choose a slice of a cube or items of a mosaic. They write the query that tiles and values are asked
// with; the map itself knows nothing of them.

window.Choices = class {
  constructor(map, data, changed) {
    this.map = map;
    this.data = data;
    this.changed = changed;
    this.query = {};
    this.locked = [];
    this.form = document.getElementById("choices");
    if (data.variables.length) this.addVariables();
    if (data.items) this.addItems();
    this.form.hidden = !this.form.children.length;
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  // An address with the present choice behind it, and the token that the page itself was asked for with.
  address(text) {
    const token = new URLSearchParams(location.search).get("token") ?? "";
    const parts = Object.entries({ ...this.query, token }).filter(([, value]) => value !== "");
    if (!parts.length) return text;
    const written = parts.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    return `${text}${text.includes("?") ? "&" : "?"}${written.join("&")}`;
  }

  set(pairs) {
    Object.assign(this.query, pairs);
    this.changed();
  }

  // --- Variables and dimensions ----------------------------------------------------------------

  addVariables() {
    const { variables } = this.data;
    if (variables.length > 1) {
      const field = this.select(
        "Variable",
        variables.map((each) => [each.name, each.description || each.name]),
        (name) => this.showVariable(variables.find((each) => each.name === name)),
      );
      this.form.append(field);
    }
    this.sliders = document.createElement("div");
    this.sliders.className = "sliders";
    this.form.append(this.sliders);
    this.showVariable(variables[0], true);
  }

  showVariable(variable, first = false) {
    this.query = this.data.variables.length > 1 && !first ? { variable: variable.name } : {};
    const fields = variable.dimensions.filter((each) => each.values.length > 1).map((each) => this.slider(each));
    this.sliders.replaceChildren(...fields);
    if (!first) this.changed();
  }

  slider(dimension) {
    const written = (index) => {
      const value = dimension.values[index];
      if (dimension.kind !== "time") return `${value}${dimension.unit ? ` ${dimension.unit}` : ""}`;
      return new Date(value).toISOString().replace("T00:00:00.000Z", "").replace(".000Z", "Z");
    };
    const asked = (index) => (dimension.kind === "time" ? new Date(dimension.values[index]).toISOString() : String(dimension.values[index]));
    return this.range(dimension.name, dimension.values.length, dimension.start, written, (index) => {
      this.set({ [dimension.kind === "time" ? "time" : dimension.name]: asked(index) });
    });
  }

  range(label, count, start, written, chosen) {
    const field = document.createElement("div");
    field.className = "field";
    const name = document.createElement("label");
    const output = document.createElement("output");
    const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: count - 1, step: 1, value: start });
    input.id = `choice-${label.replace(/\W/g, "-")}`;
    name.htmlFor = output.htmlFor = input.id;
    name.append(`${label} `, output);
    output.textContent = written(start);
    let timer = 0;
    input.addEventListener("input", () => {
      output.textContent = written(Number(input.value));
      clearTimeout(timer);
      timer = setTimeout(() => chosen(Number(input.value)), 150);
    });
    field.append(name, input);
    return field;
  }

  select(label, options, chosen) {
    const field = document.createElement("label");
    field.className = "field";
    const name = document.createElement("span");
    name.textContent = label;
    const select = document.createElement("select");
    select.append(...options.map(([value, text]) => new Option(text, value)));
    select.addEventListener("change", () => chosen(select.value));
    field.append(name, select);
    return field;
  }

  // --- Items -----------------------------------------------------------------------------------

  addItems() {
    const { items } = this.data;
    const rule = {};
    const choose = (name) => (value) => {
      rule[name] = value;
      if (!value) delete rule[name];
      this.set({ mosaic: Object.keys(rule).length ? JSON.stringify(rule) : "" });
    };
    const titled = (values, standard) => [
      ["", `${standard} (standard)`],
      ...values.filter((value) => value !== standard).map((value) => [value, value]),
    ];
    this.form.append(this.select("Order", titled(items.methods, items.method), choose("method")));
    this.form.append(this.select("Overlaps", titled(items.operations, items.operation), choose("operation")));
    if (items.moments.length > 1) {
      const count = items.moments.length + 1;
      const written = (index) => (index ? items.moments[index - 1] : "all");
      this.form.append(
        this.range("Time", count, 0, written, (index) => {
          this.set({ time: index ? items.moments[index - 1] : "" });
          this.outline();
        }),
      );
    }
    this.addFootprints();
  }

  addFootprints() {
    const field = document.createElement("label");
    field.className = "radio";
    const box = Object.assign(document.createElement("input"), { type: "checkbox", id: "footprints" });
    const text = document.createElement("span");
    text.textContent = "Footprints";
    field.append(box, text);
    this.list = document.createElement("ul");
    this.list.className = "items";
    this.form.append(field, this.list);
    this.outlines = L.geoJSON(null, {
      style: (feature) => ({ className: "footprint", weight: this.locked.includes(feature.id) ? 3 : 1.2, fillOpacity: 0.05 }),
      onEachFeature: (feature, layer) => layer.on("click", (event) => this.listAt(event.latlng)),
    });
    box.addEventListener("change", () => {
      if (box.checked) this.outlines.addTo(this.map);
      else this.outlines.remove();
      this.outline();
    });
    this.map.on("moveend", () => this.outline());
  }

  async features(box) {
    const { items } = this.data;
    const parameters = new URLSearchParams({
      f: "geojson",
      where: "1=1",
      outFields: items.fields.join(","),
      geometry: box,
      geometryType: "esriGeometryEnvelope",
      inSR: "4326",
      resultRecordCount: "500",
    });
    if (this.query.time) parameters.set("time", this.query.time);
    const response = await fetch(`${items.query}?${parameters}`);
    const found = await response.json();
    return found.features || [];
  }

  async outline() {
    if (!this.map.hasLayer(this.outlines)) return;
    const bounds = this.map.getBounds();
    const features = await this.features(bounds.toBBoxString());
    this.outlines.clearLayers();
    for (const feature of features) this.outlines.addData(feature);
  }

  async listAt({ lat, lng }) {
    const features = await this.features([lng, lat, lng, lat].join(","));
    this.list.replaceChildren(...features.map((feature) => this.row(feature)));
  }

  row(feature) {
    const row = document.createElement("li");
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: this.locked.includes(feature.id) });
    const text = document.createElement("span");
    const { Name, ...rest } = feature.properties;
    text.textContent = Name ?? `Item ${feature.id}`;
    const dates = Object.entries(rest).filter(([name, value]) => value !== null && name.endsWith("Date"));
    if (dates.length) text.title = dates.map(([name, value]) => `${name} ${new Date(value).toISOString()}`).join(", ");
    label.append(box, text);
    row.append(label);
    box.addEventListener("change", () => {
      this.locked = box.checked ? [...this.locked, feature.id] : this.locked.filter((id) => id !== feature.id);
      this.set({ item: this.locked.join(",") });
      this.outlines.setStyle(this.outlines.options.style);
    });
    return row;
  }
};
