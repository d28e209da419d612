const offer = JSON.parse(document.getElementById("offer").textContent);
const form = document.querySelector("form");
const field = name => form.elements.namedItem(name);
const part = id => document.getElementById(id);
const place = `partner_attribution:${offer.program}`;
const money = amount => {
  const format = new Intl.NumberFormat(undefined, {style: "currency", currency: offer.currency});
  return format.format(amount / 10 ** offer.decimals);
};
const words = {
  "account.name": "The account's name", "account.client.name": "Your name", "account.client.email": "The email address",
  "account.country": "The country", "account.time_zone": "The time zone", "account.plan.contacts": "The number of contacts",
  "password": "The password", "payment_method": "The card",
};

// The token of the first partner's page is kept here, first-party, and sent along; nothing else is.
function kept() { try { return localStorage.getItem(place) || undefined; } catch { return undefined; } }
let attribution = kept();
async function visit() {
  try {
    const answer = await fetch(new URL("../visits", location.href), {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({pn: offer.pn, attribution}),
    });
    if (!answer.ok) return;
    ({attribution} = await answer.json());
    localStorage.setItem(place, attribution);
  } catch { /* the name in this page's address is sent all the same */ }
}
if (document.prerendering) document.addEventListener("prerenderingchange", visit, {once: true}); else visit();

function options(select, entries) {
  const before = select.value;
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
  if (entries.some(([value]) => String(value) === before)) select.value = before;
}

const chosen = () => offer.plans[field("choice").value];
const row = plan => plan.prices.find(each => String(each.contacts) === field("contacts").value) || plan.prices[0];

function show() {
  const plan = chosen();
  part("size").hidden = part("card").hidden = !plan;
  if (field("payment_method")) field("payment_method").disabled = !plan;
  part("go").textContent = plan ? "Buy now" : "Start the trial";
  part("due").textContent = "";
  if (!plan) return;
  options(field("contacts"), plan.prices.map(each => [each.contacts, each.contacts.toLocaleString()]));
  const price = row(plan);
  const names = {monthly: "every month", annual: "every year"};
  options(field("billing_frequency"), plan.billing_frequencies.map(each => [
    each, price[each] === null ? names[each] : `${names[each]}, ${money(price[each])}`,
  ]));
  const due = price[field("billing_frequency").value];
  if (due !== null) part("due").textContent = `Due today: ${money(due)}. It renews by itself until you cancel.`;
}
form?.addEventListener("change", show);

function asked() {
  const plan = chosen() || offer.trial;
  const {pricing_version, product, tier} = plan;
  const body = {
    pn: offer.pn,
    attribution,
    account: {
      name: field("account_name").value.trim().toLowerCase(),
      client: {name: field("client_name").value, email: field("email").value},
      country: field("country").value,
      language: (navigator.language.match(/^[a-z]{2}(-[A-Z]{2})?(?![A-Za-z])/) || ["en"])[0],
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
      plan: {pricing_version, product, tier},
    },
    password: field("password").value,
  };
  if (chosen()) {
    const price = row(plan), frequency = field("billing_frequency").value;
    Object.assign(body.account.plan, {contacts: price.contacts, billing_frequency: frequency});
    body.payment_method = field("payment_method").value;
    if (price[frequency] !== null) body.expect_due_today = price[frequency];
  }
  return JSON.stringify(body);
}

// The same request again has the same key, so that pressing twice, or again after no answer, buys once.
let last = "", key = "";
function keyFor(body) {
  if (body !== last) {
    key = Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
    last = body;
  }
  return key;
}

form?.addEventListener("submit", async event => {
  event.preventDefault();
  const button = part("go"), message = part("message"), body = asked();
  button.disabled = true;
  message.textContent = "";
  try {
    const answer = await fetch(new URL("../sign-ups", location.href), {
      method: "POST", headers: {"Content-Type": "application/json", "Idempotency-Key": keyFor(body)}, body,
    });
    const result = await answer.json();
    if (answer.status < 500 && answer.status !== 409) last = "";  // a final answer: trying again is a new request
    if (answer.ok) done(result);
    else if (result.errors) message.textContent = result.errors.map(
      error => `${words[error.field] || error.field} ${error.message}.`).join(" ");
    else message.textContent = result.detail;
  } catch {
    message.textContent = "There was no answer. Press the button again: nothing is done twice.";
  }
  button.disabled = false;
});

function done({account, session}) {
  form.hidden = part("prices").hidden = true;
  part("done").hidden = false;
  const to = part("to");
  to.textContent = account.login_url;
  to.href = account.login_url + (session.product_token ? `/#token=${encodeURIComponent(session.product_token)}` : "");
  part("done").focus();
}

function begin() {
  const regions = new Intl.DisplayNames(undefined, {type: "region"});
  const named = offer.countries.map(code => [code, regions.of(code)]);
  options(field("country"), named.sort((one, other) => one[1].localeCompare(other[1])));
  const here = (navigator.language.match(/-([A-Z]{2})\b/) || [])[1];
  if (offer.countries.includes(here)) field("country").value = here;
  show();
}
if (form) begin();
