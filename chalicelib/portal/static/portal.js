// What pages do in the browser beyond htmx. They work without it.
"use strict";

// "/" goes to the search, unless somebody is writing.
document.addEventListener("keydown", (event) => {
  const search = document.getElementById("q");
  const writing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || !search || writing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// The focus goes into a menu that opens; it comes back by itself.
document.addEventListener("toggle", (event) => {
  if (event.newState === "open" && event.target.classList.contains("menu")) {
    event.target.querySelector("a, input:not([type=hidden]), button")?.focus();
  }
}, true);

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
    if (event.detail.xhr?.status !== 401) say(document.body.dataset.failed);
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
