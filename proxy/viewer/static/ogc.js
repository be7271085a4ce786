"use strict";

// The map of a page: its tiles, or the areas of many collections.
(() => {
  const holder = document.getElementById("map-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const [west, south, east, north] = data.bounds;
  const escaped = (text) => {
    const element = document.createElement("span");
    element.textContent = text;
    return element.innerHTML;
  };

  const map = L.map("map", { scrollWheelZoom: false, zoomControl: false, zoomSnap: 0.25 });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ position: "topright" }).addTo(map);
  L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
  map.fitBounds([[Math.max(south, -85), west], [Math.min(north, 85), east]], { animate: false });
  // The wheel scrolls the page until somebody works with the map.
  map.on("focus", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());

  const [left, bottom, right, top] = data.drawn;
  L.tileLayer(data.tiles, {
    bounds: right > 180 || left < -180 ? undefined : [[bottom, left], [top, right]],
    noWrap: east <= 180 && west >= -180,
    minNativeZoom: data.zooms[0],
    maxNativeZoom: data.zooms[1],
    maxZoom: 26,
    attribution: escaped(data.attribution),
  }).addTo(map);

  // A small area is a dot as well, that it can be found and pressed.
  for (const area of data.areas) {
    const [w, s, e, n] = area.bounds;
    const shape = L.rectangle([[s, w], [n, e]], { className: "area", weight: 2, fillOpacity: 0 });
    const dot = L.circleMarker([(s + n) / 2, (w + e) / 2], { className: "area", radius: 7, weight: 2, fillOpacity: 0.7 });
    if (e - w < 60) dot.bindTooltip(escaped(area.title)).addTo(map).on("click", () => location.assign(area.href));
    shape.bindTooltip(escaped(area.title), { sticky: true }).addTo(map);
    shape.on("click", () => location.assign(area.href));
  }
})();

// Forms of the documentation: what belongs in the path goes there, what is empty is left out.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form.try");
  if (!form) return;
  event.preventDefault();
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const field of form.elements) {
    if (!field.name || !field.value) continue;
    if (field.dataset.in === "path") {
      path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    } else {
      query.append(field.name, field.value);
    }
  }
  const text = query.toString();
  location.assign(path + (text ? `?${text}` : ""));
});
