/* A Superset dashboard inside any page, with a guest's pass. What Superset's own SDK does, in the few lines that are needed: it makes the
   frame, hands it one end of a channel, and sends the token through it, and another before that one ends.

   CaudalEmbed.show(element, {getPass}) where getPass() gives a promise of {url, embedded, token}: ask your own server for it, which knows
   who is looking (`caudal superset guest-token`, or superset_assets.guest.issue). Never give a browser anything but the pass. */
(function (root) {
  "use strict";
  const RENEW_MS = 4 * 60 * 1000; // a token lasts five minutes

  async function show(element, { getPass }) {
    const first = await getPass();
    const frame = document.createElement("iframe");
    frame.title = "Tablero";
    frame.src = first.url + "/embedded/" + encodeURIComponent(first.embedded);
    frame.style.cssText = "border:0;width:100%;height:100%";
    frame.referrerPolicy = "strict-origin-when-cross-origin"; // Superset looks at which page holds it
    frame.setAttribute("sandbox", "allow-same-origin allow-scripts allow-forms allow-downloads allow-popups");
    await new Promise((resolve) => {
      frame.addEventListener("load", resolve, { once: true });
      element.replaceChildren(frame);
    });
    const channel = new MessageChannel();
    frame.contentWindow.postMessage({ type: "__embedded_comms__", handshake: "port transfer" }, first.url, [channel.port2]);
    const send = (token) => channel.port1.postMessage({ switchboardAction: "emit", method: "guestToken", args: { guestToken: token } });
    send(first.token);
    const timer = setInterval(async () => send((await getPass()).token), RENEW_MS);
    return { frame, stop: () => { clearInterval(timer); element.replaceChildren(); } };
  }

  root.CaudalEmbed = { show };
})(window);
