"use strict";

// Tabs and copy buttons. Listens on the document, since the map page replaces its snippets.
(() => {
  const select = (tab, focus) => {
    for (const other of tab.parentElement.querySelectorAll('[role="tab"]')) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (focus) tab.focus();
    tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const copy = async (button) => {
    const code = button.closest(".part").querySelector("code");
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Without https the clipboard is out of reach: the old way, from a selection.
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };

  document.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    const button = event.target.closest(".copy");
    if (tab) select(tab, false);
    if (button) copy(button);
  });

  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.('[role="tab"]');
    if (!tab) return;
    const tabs = [...tab.parentElement.querySelectorAll('[role="tab"]')];
    const at = tabs.indexOf(tab);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    select(tabs[(next + tabs.length) % tabs.length], true);
  });

  window.selectSnippet = (key) => {
    const tab = document.getElementById(`tab-${key}`);
    if (tab) select(tab, false);
  };
})();
