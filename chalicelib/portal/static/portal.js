// What pages do in the browser beyond htmx. They work without it.
"use strict";

// With htmx, forms show by themselves what a change does: the buttons for that are not needed.
if (window.htmx) document.documentElement.classList.add("live");

// The keys that the panel lists: "/" goes to the search, "?" shows the panel, "g" and a letter open a page.
const keysOff = "keys-off";
let goes = 0;
document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, select, textarea, [contenteditable]");
  if (writing || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(keysOff)) return;
  const follows = goes && event.timeStamp - goes < 2000;
  goes = event.key === "g" ? event.timeStamp : 0;
  const found = follows ? document.querySelector(`#side [data-key="${CSS.escape(event.key)}"]`)
    : event.key === "/" ? document.getElementById("q")
    : event.key === "?" ? document.getElementById("keys") : null;
  if (!found) return;
  event.preventDefault();
  if (found.id === "keys") found.togglePopover();
  else if (found.id === "q") found.select();
  else found.click();
});
const keysOn = document.getElementById("keys-on");
if (keysOn) {
  keysOn.checked = !localStorage.getItem(keysOff);
  keysOn.addEventListener("change", () => {
    if (keysOn.checked) localStorage.removeItem(keysOff);
    else localStorage.setItem(keysOff, "yes");
  });
}

// The focus goes into a menu that opens; it comes back by itself.
document.addEventListener("toggle", (event) => {
  if (event.newState === "open" && event.target.classList.contains("menu")) {
    const menu = event.target;
    (menu.querySelector("[autofocus]") ?? menu.querySelector("a:not([hidden]), input:not([type=hidden]), button"))?.focus();
  }
}, true);

// The rows of a list share one menu: a row's button has the digits of the entries that fit, its first link the address.
// A press outside closes the menu by itself, so a press on the button that has opened it is not to open it again.
let pressed = null;
document.addEventListener("pointerdown", (event) => { pressed = event.target.closest("[data-menu][aria-expanded=true]"); }, true);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-menu]");
  const menu = document.getElementById("row-menu");
  if (!button || !menu) return;
  if (event.detail && pressed === button) return; // detail: a click, not Enter
  const address = button.closest("tr").querySelector("a").href;
  for (const link of menu.querySelectorAll("[data-entry]")) {
    link.hidden = !button.dataset.menu.includes(link.dataset.entry);
    link.href = address + link.dataset.path;
  }
  button.ariaExpanded = "true";
  menu.showPopover({ source: button });
  menu.addEventListener("beforetoggle", () => { button.ariaExpanded = "false"; }, { once: true });
});

// Of tabs that scroll, the present one is in view.
for (const here of document.querySelectorAll(".tabs [aria-current]")) {
  here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - here.parentElement.clientWidth / 3;
}

// Buttons with data-copy copy it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  say(button.dataset.copied);
});

// A form goes out once, and a page with data-leaving asks before it is left.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return; // another script sends it later
  if (event.target.method !== "post" || event.target.hasAttribute("hx-post")) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("[data-leaving]")) event.preventDefault();
});

// The focus goes to the first fault of what htmx has put in, and failures are said.
document.addEventListener("htmx:afterSettle", (event) => {
  event.target.querySelector("[aria-invalid=true]")?.focus();
});
for (const failure of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(failure, (event) => {
    if (!event.detail.xhr?.getResponseHeader("HX-Redirect")) say(document.body.dataset.failed);
  });
}

// What has succeeded is said for a moment, and not again when the page is loaded anew.
const address = new URL(location.href);
if (address.searchParams.has("done")) {
  address.searchParams.delete("done");
  history.replaceState(history.state, "", address);
  fade();
}

function say(text) {
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts").replaceChildren(toast);
  fade();
}

function fade() {
  const toast = document.querySelector("#toasts .toast");
  setTimeout(() => toast?.remove(), 6000);
}
