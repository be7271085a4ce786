"use strict";

// A picture that cannot be drawn leaves its quiet place empty.
document.querySelectorAll(".thumbnail img").forEach((image) => {
  const hide = () => image.classList.add("broken");
  image.addEventListener("error", hide);
  if (image.complete && image.naturalWidth === 0 && image.currentSrc) hide();
});

const filter = document.getElementById("filter");
if (filter) {
  const services = [...document.querySelectorAll(".service")];
  const count = document.getElementById("count");
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const service of services) {
      const text = service.dataset.words.toLowerCase();
      service.hidden = !words.every((word) => text.includes(word));
      shown += service.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = !group.querySelector(".service:not([hidden])");
    }
    const all = `${services.length} services`;
    count.textContent = shown === services.length ? all : `${shown} of ${all}`;
  };
  filter.closest("label").hidden = false;
  filter.addEventListener("input", show);
  show();
}
