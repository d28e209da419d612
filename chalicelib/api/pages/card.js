// The card processor's field. What is typed into it goes to the processor alone; our form gets the id of the card.
(() => {
  const place = document.getElementById("card"), fault = document.getElementById("card-fault");
  const form = place.closest("form"), button = form.querySelector("button");
  const id = form.elements.namedItem("payment_method");
  const {key, locale, source, setups, loading, blocked, incomplete, crowded, silent} = place.dataset;
  let stripe, card, missing; // missing: what has to happen before a card can be entered
  const say = text => { fault.textContent = text; fault.hidden = !text; };
  const fail = () => { missing = blocked; say(blocked); };

  // The script comes from here, not from the page, so that a slow one holds up nothing and one that fails comes again.
  function load() {
    missing = loading;
    if (window.Stripe) { mount(); return; }
    const script = document.createElement("script");
    script.src = source;
    script.onload = mount;
    script.onerror = fail;
    document.head.append(script);
  }

  function mount() {
    try {
      stripe ??= Stripe(key, {locale});
      card?.destroy();
      card = stripe.elements().create("card", {disableLink: true, style: {base: {fontSize: "16px"}}});
    } catch { fail(); return; }
    card.on("ready", () => { missing = incomplete; say(""); });
    card.on("loaderror", fail);
    card.on("change", event => {
      id.value = ""; // after "Back" it is that of another card
      missing = event.complete ? "" : incomplete;
      say(event.error ? event.error.message : "");
    });
    card.mount(place);
  }

  // The id of the card once the processor has accepted it. Otherwise says why not; its other errors are for developers.
  async function enter() {
    const answer = await fetch(setups, {method: "POST", credentials: "omit"});
    if (!answer.ok) { say(answer.status === 429 ? crowded : silent); return ""; }
    const {client_secret: secret} = await answer.json();
    const {error, setupIntent} = await stripe.confirmCardSetup(secret, {payment_method: {card}});
    if (setupIntent?.status === "succeeded") return setupIntent.payment_method;
    const forPeople = ["card_error", "validation_error"].includes(error?.type)
      || error?.code === "setup_intent_authentication_failure";
    say(forPeople ? error.message : silent);
    return "";
  }

  form.addEventListener("submit", async event => {
    if (id.value) return;
    event.preventDefault();
    if (button.disabled) return;
    if (missing === blocked) load();
    say(missing);
    if (missing) { if (missing === incomplete) card.focus(); return; }
    button.disabled = true;
    id.value = await enter().catch(() => { say(silent); return ""; });
    button.disabled = false;
    if (id.value) form.requestSubmit(event.submitter);
    else card.focus();
  });

  load();
})();
