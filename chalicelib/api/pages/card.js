// The card processor's field. What is typed into it goes to the processor alone; our form gets the id of the card.
(() => {
  const place = document.getElementById("card"), fault = document.getElementById("card-fault");
  const form = place.closest("form"), button = form.querySelector("button");
  const id = form.elements.namedItem("payment_method");
  const {key, locale, setups, blocked, incomplete, silent} = place.dataset;
  const say = text => { fault.textContent = text; fault.hidden = !text; };
  if (typeof Stripe === "undefined") { say(blocked); return; }
  const stripe = Stripe(key, {locale});
  const card = stripe.elements().create("card", {style: {base: {fontSize: "16px"}}});
  let complete = false;
  card.on("change", event => { complete = event.complete; say(event.error ? event.error.message : ""); });
  card.mount(place);

  async function entered() {
    const answer = await fetch(setups, {method: "POST", credentials: "omit"}).catch(() => null);
    if (!answer || !answer.ok) throw new Error(silent);
    const {client_secret: secret} = await answer.json();
    const {error, setupIntent} = await stripe.confirmCardSetup(secret, {payment_method: {card}});
    if (error) throw error;
    if (setupIntent.status !== "succeeded") throw new Error(silent);
    return setupIntent.payment_method;
  }

  form.addEventListener("submit", async event => {
    if (id.value) return;
    event.preventDefault();
    if (button.disabled) return;
    if (!complete) { say(incomplete); card.focus(); return; }
    say("");
    button.disabled = true;
    try { id.value = await entered(); } catch (error) { say(error.message || silent); }
    button.disabled = false;
    if (id.value) form.requestSubmit();
  });
})();
