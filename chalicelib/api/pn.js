// Put this on every page of yours that partners may lead to:
//
//   <script src="https://…/public/pn.js" defer></script>
//
// It sends the partner's name in ?pn=… to this API, keeps the signed token it gets in this page's own storage, and adds
// the token as "attribution" to each <form data-sign-up>. The first partner wins, for as long as its token is valid.
(() => {
  const {src, dataset} = document.currentScript;
  const visits = new URL("visits", src);
  // The pages of an invite link say whose it is and in which program, and keep the token by that program. A name in their
  // address must not count: it could credit another partner than the one they show, or one in another program.
  const pn = dataset.program ? dataset.pn : new URLSearchParams(location.search).get("pn");
  const place = ["partner_attribution", dataset.program].filter(Boolean).join(":");

  function kept() {
    try { return localStorage.getItem(place) || undefined; } catch { return undefined; }
  }

  function keep(token) {
    try { localStorage.setItem(place, token); } catch { /* the forms of this page have it all the same */ }
  }

  function fill(token) {
    for (const form of token ? document.querySelectorAll("form[data-sign-up]") : []) {
      let field = form.elements.namedItem("attribution");
      if (!field) {
        field = Object.assign(document.createElement("input"), {type: "hidden", name: "attribution"});
        form.append(field);
      }
      field.value = token;
    }
  }

  async function visit() {
    fill(kept());
    if (!pn) return;
    try {
      // Without a Content-Type the browser asks for no permission first; the API takes the body as JSON.
      const body = new Blob([JSON.stringify({pn, attribution: kept()})]);
      const answer = await fetch(visits, {method: "POST", body, credentials: "omit"});
      if (!answer.ok) return;
      const {attribution} = await answer.json();
      keep(attribution);
      fill(attribution);
    } catch { /* a sign-up without a token is a sign-up all the same */ }
  }

  function start() {
    if (document.prerendering) document.addEventListener("prerenderingchange", visit, {once: true});
    else visit();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
