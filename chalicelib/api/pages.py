"""Pages for clients who open a link: a form or a button, in the account's branding.

A page fetches nothing from elsewhere but the account's logo, and is sent on by nobody: its address holds a token. Its
form is sent by a script, as JSON, to the route beside the page.
"""

import secrets
from html import escape
from urllib.parse import urlsplit

from chalicelib.api.answers import HTML as HTML
from chalicelib.api.answers import JSON, Answer
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.problems import status_of
from chalicelib.config import settings
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.branding import Branding, foreground_on

_STYLE = """
  :root {{ color-scheme: light; }}
  * {{ box-sizing: border-box; }}
  [hidden] {{ display: none !important; }}
  body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
    background: {background}; color: {ink}; }}
  main {{ width: min(24rem, 100vw); padding: 2rem; }}
  img {{ max-width: 100%; max-height: 4rem; }}
  h1 {{ font-size: 1.4rem; overflow-wrap: anywhere; }}
  label {{ display: block; margin: 1rem 0; }}
  input {{ display: block; width: 100%; padding: .6rem; margin-top: .3rem; font: inherit; border: 1px solid #767676;
    border-radius: 6px; }}
  button {{ width: 100%; padding: .7rem; font: inherit; font-weight: 600; border: 0; border-radius: 6px;
    background: {color}; color: {on_color}; cursor: pointer; }}
  button:disabled {{ opacity: .6; }}
"""


def page(*, title: str, content: str, branding: Branding, script: str = "", status: int = 200) -> Answer:
    """A page. ``content`` is HTML, ``title`` a text; both appear below the product's name or logo."""
    nonce = secrets.token_urlsafe(16)
    name = escape(branding.product_name or settings().product_name)
    logo = f'<img src="{escape(branding.logo_url)}" alt="{name}">' if branding.logo_url else f"<p><bdi>{name}</bdi></p>"
    style = _STYLE.format(
        background=branding.background_color,
        ink=foreground_on(branding.background_color),
        color=branding.color,
        on_color=foreground_on(branding.color),
    )
    run = f'<script nonce="{nonce}">{script}</script>' if script else ""
    return Answer(
        status=status,
        headers={
            "Content-Type": f"{HTML}; charset=utf-8",
            "Content-Security-Policy": _policy(nonce, branding),
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        },
        body=(
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{escape(title)}</title><style nonce="{nonce}">{style}</style></head>'
            f"<body><main>{logo}<h1>{escape(title)}</h1>{content}"
            f'<p id="message" role="status"></p></main>{run}</body></html>'
        ),
    )


def _policy(nonce: str, branding: Branding) -> str:
    logo = f"https://{urlsplit(branding.logo_url).netloc}" if branding.logo_url else "'none'"
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        f"img-src {logo}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


def set_password(*, account_name: str, branding: Branding, login_url: str, shortest: int, longest: int) -> Answer:
    """The form for a new password."""
    content = (
        f'<form><input name="username" value="{escape(account_name)}" autocomplete="username" readonly hidden>'
        f"<p>For the account <bdi>{escape(account_name)}</bdi>. At least {shortest} characters.</p>"
        f'<label>New password<input type="password" name="password" autocomplete="new-password" required '
        f'minlength="{shortest}" maxlength="{longest}"></label>'
        f"<button>Set the password</button><noscript><p>This page needs JavaScript.</p></noscript></form>"
        f'<p id="done" hidden><a href="{escape(login_url)}">Go to the log-in</a></p>'
    )
    script = _SEND + "sent(() => ({password: form.password.value}), () => done('Your password is set.'))"
    return page(title="Set a new password", content=content, branding=branding, script=script)


def log_in(*, account_name: str, branding: Branding, login_url: str) -> Answer:
    """A button that uses a login link, and a script that presses it once the page is really looked at."""
    content = (
        f'<form data-to="{escape(login_url)}"><p><bdi>{escape(account_name)}</bdi></p><button>Log in</button>'
        f"<noscript><p>This page needs JavaScript.</p></noscript></form>"
    )
    script = _SEND + (
        'const go = session => location.replace(form.dataset.to + "/#token=" + encodeURIComponent(session.token));'
        "sent(() => ({}), go);"
        "const press = () => send(() => ({}), go);"
        'if (document.prerendering) document.addEventListener("prerenderingchange", press, {once: true}); else press();'
    )
    return page(title="Log in", content=content, branding=branding, script=script)


def refused(call: Call, refusal: Refusal, *, branding: Branding) -> Answer:
    """A refusal as a page for browsers, which prefer HTML; for other clients it is raised as usual."""
    if preferred(call.headers.get("Accept"), [JSON, HTML]) != HTML:
        raise refusal
    return page(
        title=refusal.title, content=f"<p>{escape(refusal.detail)}</p>", branding=branding, status=status_of(refusal)
    )


_SEND = """
  const form = document.querySelector("form"), message = document.getElementById("message");
  function done(text) {
    form.hidden = true; message.textContent = text;
    const next = document.getElementById("done"); if (next) next.hidden = false;
  }
  async function send(body, then) {
    const button = form.querySelector("button");
    button.disabled = true; message.textContent = "";
    try {
      const answer = await fetch(location.pathname, {
        method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body())
      });
      const result = await answer.json();
      if (answer.ok) then(result);
      else if (result.errors) message.textContent = result.errors.map(error => "It " + error.message + ".").join(" ");
      else message.textContent = result.detail;
    } catch { message.textContent = "That did not work. Try again in a moment."; }
    button.disabled = false;
  }
  function sent(body, then) {
    form.addEventListener("submit", event => { event.preventDefault(); send(body, then); });
  }
"""
