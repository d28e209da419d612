// Stands in for Stripe.js in tests: what our pages use of it, as its documentation has it, in frames of Stripe's origins.
(() => {
  const api = "https://api.stripe.com/v1";
  const framed = (source, place, looks) => {
    const frame = document.createElement("iframe");
    frame.src = source;
    for (const [name, value] of Object.entries(looks)) frame.style.setProperty(name, value, "important");
    place.append(frame);
    return frame;
  };

  class CardElement {
    constructor(locale) { this.locale = locale; this.handlers = {}; this.answers = []; }

    on(event, handler) { (this.handlers[event] ??= []).push(handler); return this; }
    emit(event, details) { for (const handler of this.handlers[event] ?? []) handler({elementType: "card", ...details}); }

    mount(place) {
      place.classList.add("StripeElement");
      this.frame = framed("https://js.stripe.com/v3/elements-inner-card.html", place, {
        border: "none", width: "100%", height: "1.2em", display: "block",
      });
      this.frame.title = this.locale === "de" ? "Sicherer Eingaberahmen für Kartenzahlungen" : "Secure card payment input frame";
      const {port1, port2} = new MessageChannel();
      this.port = port1;
      port1.onmessage = ({data}) => data.event ? this.emit(data.event, data) : this.answers.shift()(data);
      this.frame.addEventListener("load", () => {
        this.frame.contentWindow.postMessage({locale: this.locale}, "https://js.stripe.com", [port2]);
      });
      document.querySelector(`label[for="${place.id}"]`)?.addEventListener("click", () => this.focus());
    }

    focus() { this.frame.focus(); this.port.postMessage({ask: "focus"}); }
    destroy() { this.frame?.remove(); }
    ask(request) { this.port.postMessage(request); return new Promise(resolve => this.answers.push(resolve)); }
  }

  window.Stripe = (key, {locale}) => {
    if (!/^pk_/.test(key ?? "")) throw new Error("Please call Stripe() with your publishable key.");
    return {
      elements: () => ({create: () => new CardElement(locale)}),

      async confirmCardSetup(secret, {payment_method: {card}}) {
        let found = await card.ask({ask: "confirm", key, secret});
        if (found.status === "requires_action") {
          const frame = framed(`https://hooks.stripe.com/3d_secure_2/hosted?setup_intent=${found.id}`, document.body, {
            position: "fixed", inset: "0", width: "100%", height: "100%", border: "none", "z-index": "2147483647",
          });
          frame.title = "3D Secure";
          await new Promise(resolve => addEventListener("message", function over({origin, source}) {
            if (origin !== "https://hooks.stripe.com" || source !== frame.contentWindow) return;
            removeEventListener("message", over);
            resolve();
          }));
          frame.remove();
          const query = new URLSearchParams({key, client_secret: secret});
          found = await (await fetch(`${api}/setup_intents/${found.id}?${query}`)).json();
        }
        const error = found.error ?? (found.status === "succeeded" ? null : found.last_setup_error);
        return error ? {error} : {setupIntent: found};
      },
    };
  };
})();
