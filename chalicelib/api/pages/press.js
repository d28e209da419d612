// Presses the button of a login link, once the page is really looked at.
(() => {
  const press = () => document.querySelector("form").requestSubmit();
  if (document.prerendering) document.addEventListener("prerenderingchange", press, {once: true}); else press();
})();
