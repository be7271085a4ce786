"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const [west, south, east, north] = data.bounds;
  const narrow = matchMedia("(max-width: 40rem)");

  const escaped = (text) => {
    const element = document.createElement("span");
    element.textContent = text;
    return element.innerHTML;
  };

  // Leaflet folds tiles into one turn before it compares them with bounds, which hides what lies beyond
  // 180 degrees. Here a tile is wanted where it meets the bounds in any turn.
  const Layer = L.TileLayer.extend({
    _isValidTile(coords) {
      const count = 2 ** coords.z;
      if (coords.y < 0 || coords.y >= count) return false;
      const latitude = (row) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / count))) * 180) / Math.PI;
      const [w, s, e, n] = this.options.extent;
      if (latitude(coords.y) <= s || latitude(coords.y + 1) >= n) return false;
      const [left, right] = [coords.x, coords.x + 1].map((column) => (column / count) * 360 - 180);
      const turns = Math.floor((w - right) / 360) + 1;
      return left + turns * 360 < e;
    },
  });

  const tileLayer = (layer, options) => {
    return new Layer(layer.tiles, {
      extent: layer.bounds,
      maxNativeZoom: layer.maxZoom,
      maxZoom: 30,
      attribution: escaped(layer.attribution),
      ...options,
    });
  };

  // --- The map ---------------------------------------------------------------------------------

  const map = L.map("map", { zoomControl: false, maxZoom: Math.min(data.maxZoom + 5, 26), worldCopyJump: false });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ position: "topright" }).addTo(map);
  L.control.scale({ position: "bottomright", imperial: false }).addTo(map);

  const fit = () => {
    const left = narrow.matches ? 0 : byId("form").closest(".panel").offsetWidth + 24;
    const top = narrow.matches ? byId("form").closest(".panel").querySelector("header").offsetHeight : 0;
    map.fitBounds([[south, west], [north, east]], {
      paddingTopLeft: [left + 12, top + 12],
      paddingBottomRight: [12, narrow.matches ? 90 : 12],
      animate: false,
    });
  };

  const placeFromAddress = () => {
    const parts = location.hash.slice(1).split("/").map(Number);
    if (parts.length !== 3 || !parts.every(Number.isFinite)) return false;
    map.setView([parts[1], parts[2]], parts[0], { animate: false });
    return true;
  };

  if (narrow.matches) fold(false);
  if (!placeFromAddress()) fit();
  window.addEventListener("hashchange", placeFromAddress);
  map.on("moveend", () => {
    const { lat, lng } = map.getCenter();
    const hash = `#${map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}`;
    history.replaceState(null, "", location.pathname + location.search + hash);
  });
  byId("fit").addEventListener("click", fit);

  const choices = new window.Choices(map, data, () => {
    layer.setUrl(choices.address(data.renderings[data.rendering].tiles));
    byId("tilejson").href = choices.address(byId("tilejson").dataset.plain);
  });
  byId("tilejson").dataset.plain = byId("tilejson").getAttribute("href");

  const layer = tileLayer(
    { ...data, tiles: choices.address(data.renderings[data.rendering].tiles) },
    { className: data.pixelated ? "pixelated" : "", zIndex: 2 },
  ).addTo(map);

  const trouble = byId("trouble");
  let failed = 0;
  layer.on("loading", () => (failed = 0));
  layer.on("tileerror", () => (failed += 1));
  layer.on("load", () => {
    trouble.hidden = failed === 0;
    trouble.textContent = failed ? `${failed} ${failed === 1 ? "tile" : "tiles"} could not be drawn.` : "";
  });

  // --- Settings --------------------------------------------------------------------------------

  function fold(open) {
    byId("settings").hidden = !open;
    byId("fold").setAttribute("aria-expanded", String(open));
  }
  byId("fold").addEventListener("click", () => fold(byId("settings").hidden));
  document.querySelector(".skip").addEventListener("click", () => fold(true));

  const opacity = byId("opacity");
  const setOpacity = () => {
    layer.setOpacity(opacity.value / 100);
    byId("opacity-value").textContent = `${opacity.value} %`;
  };
  opacity.addEventListener("input", setOpacity);
  setOpacity();

  let background = null;
  const setBackground = () => {
    const chosen = data.backgrounds[byId("background").value];
    if (background) background.remove();
    background = chosen ? tileLayer(chosen, { zIndex: 1 }).addTo(map) : null;
  };
  byId("background")?.addEventListener("change", setBackground);
  if (byId("background")?.value) setBackground();

  // The server writes the snippets, so those of another rendering come from its own page.
  const showRendering = async (name) => {
    const chosen = data.renderings[name];
    if (!chosen || name === data.rendering) return;
    data.rendering = name;
    layer.setUrl(choices.address(chosen.tiles));
    history.replaceState(null, "", chosen.view + location.hash);
    const page = new DOMParser().parseFromString(await (await fetch(chosen.view)).text(), "text/html");
    const tab = document.querySelector('[role="tab"][aria-selected="true"]');
    if (data.rendering !== name || !page.getElementById("snippets")) return;
    byId("snippets").replaceWith(document.adoptNode(page.getElementById("snippets")));
    byId("tilejson").dataset.plain = page.getElementById("tilejson").getAttribute("href");
    byId("tilejson").href = choices.address(byId("tilejson").dataset.plain);
    if (tab) window.selectSnippet(tab.id.slice("tab-".length));
  };
  byId("form").addEventListener("change", (event) => {
    if (event.target.name === "style") showRendering(event.target.value);
  });
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  // A browser that comes back to the page may have kept another choice than the address names.
  const kept = byId("form").querySelector('[name="style"]:checked, select[name="style"]');
  if (kept) showRendering(kept.value);

  const dialog = byId("dialog");
  byId("open-snippets").addEventListener("click", () => dialog.showModal());
  byId("close-snippets").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  // --- Values at the pointer, or at the middle for those who use the keyboard ----------------------

  const values = byId("values");
  let asked = null;
  let timer = 0;

  const words = (lat, lng) => {
    const turned = ((((lng + 180) % 360) + 360) % 360) - 180;
    const digits = Math.max(2, Math.min(6, Math.round(map.getZoom() / 3)));
    const ns = `${Math.abs(lat).toFixed(digits)}° ${lat < 0 ? "S" : "N"}`;
    return `${ns}, ${Math.abs(turned).toFixed(digits)}° ${turned < 0 ? "W" : "E"}`;
  };

  const written = (value) => (value === null ? "no data" : String(Number(value.toPrecision(7))));

  const show = (rows) => {
    values.classList.remove("stale");
    values.replaceChildren(
      ...rows.map(([name, value]) => {
        const row = document.createElement("div");
        const term = document.createElement("dt");
        const text = document.createElement("dd");
        term.textContent = name;
        text.textContent = value;
        row.append(term, text);
        return row;
      }),
    );
  };

  const ask = async (lat, lng, aloud) => {
    asked?.abort();
    asked = new AbortController();
    // Data across the antimeridian are addressed within their own turn.
    const lon = west + ((((lng - west) % 360) + 360) % 360);
    let rows = [["", "no data"]];
    try {
      if (lon <= east && lat >= south && lat <= north) {
        const address = choices.address(`${data.points}${lon.toFixed(7)},${lat.toFixed(7)}`);
        const response = await fetch(address, { signal: asked.signal });
        if (response.ok) {
          const found = await response.json();
          rows = found.values.map((value, band) => [found.bands[band], written(value)]);
        } else if (response.status !== 404) {
          rows = [["", "The values could not be read."]];
        }
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      rows = [["", "The server cannot be reached."]];
    }
    show(rows);
    if (aloud) byId("spoken").textContent = `${words(lat, lng)}: ${rows.map((row) => row.join(" ")).join(", ")}`;
  };

  const look = ({ lat, lng }, aloud) => {
    byId("place").textContent = words(lat, lng);
    values.classList.add("stale");
    clearTimeout(timer);
    timer = setTimeout(ask, 120, lat, lng, aloud);
  };

  const byKeys = (yes) => document.body.classList.toggle("by-keys", yes);
  const container = map.getContainer();
  container.addEventListener("keydown", () => byKeys(true));
  container.addEventListener("focus", () => {
    if (!container.matches(":focus-visible")) return;
    byKeys(true);
    look(map.getCenter(), true);
  });
  container.addEventListener("blur", () => byKeys(false));
  map.on("mousemove click", (event) => {
    byKeys(false);
    look(event.latlng, false);
  });
  map.on("moveend", () => {
    if (document.body.classList.contains("by-keys")) look(map.getCenter(), true);
  });
})();
