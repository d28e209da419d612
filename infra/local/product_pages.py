"""The pages of the stand-in for the vendor's product."""

import secrets
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from chalicelib.domain.setup.branding import PLAIN, Branding, foreground_on

PRODUCT = "Sublet"

_STYLE = """
  :root {{ color-scheme: light; }}
  * {{ box-sizing: border-box; }}
  [hidden] {{ display: none !important; }}
  body {{ margin: 0; min-height: 100vh; display: flex; flex-direction: column; font: 16px/1.5 system-ui, sans-serif;
    background: {background}; color: {ink}; }}
  header {{ background: {color}; color: {on_color}; padding: 1rem 2rem; display: flex; align-items: center;
    min-height: 4.5rem; font-size: 1.2rem; font-weight: 600; }}
  header img {{ max-height: 2.5rem; max-width: 60vw; }}
  main {{ width: min(26rem, 100vw); margin: 2rem auto; padding: 0 1rem; flex: 1; }}
  h1 {{ font-size: 1.4rem; overflow-wrap: anywhere; }}
  label {{ display: block; margin: 1rem 0; }}
  input {{ display: block; width: 100%; padding: .6rem; margin-top: .3rem; font: inherit; border: 1px solid #767676;
    border-radius: 6px; background: #fff; color: #000; }}
  button {{ width: 100%; padding: .7rem; font: inherit; font-weight: 600; border: 0; border-radius: 6px;
    background: {color}; color: {on_color}; cursor: pointer; }}
  button.link {{ width: auto; padding: .7rem 0; background: none; color: inherit; font-weight: 400;
    text-decoration: underline; }}
  #message {{ padding: .8rem 1rem; border-left: 4px solid {color}; background: #8881; white-space: pre-line;
    overflow-wrap: anywhere; }}
  dl {{ display: grid; grid-template-columns: auto 1fr; gap: .4rem 1.5rem; }}
  dd {{ margin: 0; overflow-wrap: anywhere; }}
  footer {{ padding: 1rem 2rem; font-size: .85rem; text-align: center; }}
"""

_ACCOUNT = """
  <p id="message" role="status" hidden></p>
  <form id="log-in" data-to="/log-in">
    <h1>Log in to <bdi>{name}</bdi></h1>
    <label>User name<input name="username" value="admin" autocomplete="username" required></label>
    <label>Password<input name="password" type="password" autocomplete="current-password" required></label>
    <button>Log in</button>
    <button type="button" class="link" data-show="forgotten">Forgot the password?</button>
  </form>
  <form id="forgotten" data-to="/forgotten" hidden>
    <h1>Forgot the password of <bdi>{name}</bdi>?</h1>
    <label>The account's email<input name="email" type="email" autocomplete="email" required></label>
    <button>Send a link</button>
    <p>The mail is at <a href="{control_url}">Mails and clock</a>.</p>
    <button type="button" class="link" data-show="log-in">Back to the log-in</button>
  </form>
  <section id="session" hidden>
    <h1>You are logged in</h1>
    <dl><dt>Account</dt><dd><bdi id="account"></bdi></dd><dt>User</dt><dd id="username"></dd>
      <dt>Logged in by</dt><dd id="opened_by"></dd><dt>Until</dt><dd id="expires_at"></dd></dl>
    <button type="button" id="leave">Forget this session</button>
  </section>
  <noscript><p>This page needs JavaScript.</p></noscript>
"""

_SCRIPT = """
  const byId = id => document.getElementById(id), sections = ["log-in", "forgotten", "session"];
  const name = document.body.dataset.account, message = byId("message");
  function show(id) { for (const each of sections) byId(each).hidden = each !== id; }
  function say(text) { message.textContent = text; message.hidden = !text; }
  async function session(token) {
    const answer = await fetch("/session", {headers: {Authorization: "Bearer " + token}}), said = await answer.json();
    if (!answer.ok || said.account !== name) {
      sessionStorage.removeItem("token");
      say(answer.ok ? "This session is of another account." : said.title + ". " + said.detail);
      return show("log-in");
    }
    sessionStorage.setItem("token", token);
    for (const id of ["account", "username"]) byId(id).textContent = said[id];
    byId("opened_by").textContent = said.opened_by === "partner" ? "its partner, by a link" : "its client";
    byId("expires_at").textContent = said.expires_at;
    say(""); show("session");
  }
  for (const form of document.querySelectorAll("form")) form.addEventListener("submit", async event => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const body = JSON.stringify({account: name, ...Object.fromEntries(new FormData(form))});
      const answer = await fetch(form.dataset.to, {method: "POST", body}), said = await answer.json();
      if (!answer.ok) say(answer.status === 401 ? said.title + ". " + said.detail : said.detail);
      else if (said.product_token) { form.reset(); await session(said.product_token); }
      else { say(said.message); show("log-in"); }
    } catch { say("That did not work. Does the stack still run?"); }
    button.disabled = false;
  });
  for (const link of document.querySelectorAll("[data-show]"))
    link.addEventListener("click", () => { say(""); show(link.dataset.show); });
  byId("leave").addEventListener("click", () => { sessionStorage.removeItem("token"); show("log-in"); });
  function begin() {
    const sent = new URLSearchParams(location.hash.slice(1)).get("token");
    if (sent) history.replaceState(null, "", "/");
    const token = sent || sessionStorage.getItem("token");
    if (token) session(token);
  }
  addEventListener("hashchange", begin);
  begin();
"""


@dataclass(frozen=True)
class Page:
    """A page, and the Content-Security-Policy it is sent with."""

    html: str
    policy: str


def account_page(name: str, branding: Branding, *, control_url: str) -> Page:
    """An account's log-in and, in a session, whose session it is; mails are at ``control_url``."""
    title = f"{branding.product_name or PRODUCT}: {name}"
    return _page(
        title,
        _ACCOUNT.format(name=escape(name), control_url=escape(control_url)),
        branding,
        script=_SCRIPT,
        account=name,
    )


def nobody_page(what: str) -> Page:
    """A page that says why there is nothing here."""
    return _page(what, f"<h1>{escape(what)}</h1>", PLAIN)


def _page(title: str, content: str, branding: Branding, *, script: str = "", account: str = "") -> Page:
    nonce = secrets.token_urlsafe(16)
    name = escape(branding.product_name or PRODUCT)
    logo = f'<img src="{escape(branding.logo_url)}" alt="{name}">' if branding.logo_url else f"<bdi>{name}</bdi>"
    style = _STYLE.format(
        background=branding.background_color,
        ink=foreground_on(branding.background_color),
        color=branding.color,
        on_color=foreground_on(branding.color),
    )
    images = f"https://{urlsplit(branding.logo_url).netloc}" if branding.logo_url else "'none'"
    return Page(
        html=(
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{escape(title)}</title><style nonce="{nonce}">{style}</style></head>'
            f'<body data-account="{escape(account)}"><header>{logo}</header><main>{content}</main>'
            "<footer>A stand-in for the vendor's product, on this machine only.</footer>"
            f'<script nonce="{nonce}">{script}</script></body></html>'
        ),
        policy=(
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
            f"img-src {images}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        ),
    )
