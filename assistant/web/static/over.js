// A sign-on that ended while the page was open, or a sign-on service that is away for a moment. The chat's
// framework would cover the conversation with an error. Instead the reader is told and can sign on in
// another window, and what was asked waits and goes on when it may: nothing on the page is lost.
(() => {
  const AGAIN_MS = 4000;
  const words = () => JSON.parse(document.getElementById("beside-words").textContent);
  const tell = (sentence, link) => {
    const notice = document.getElementById("over") || document.createElement("div");
    if (notice.firstChild && notice.firstChild.textContent === sentence) return;
    notice.id = "over";
    notice.setAttribute("role", "alert");
    const said = document.createElement("p");
    said.textContent = sentence;
    notice.replaceChildren(said, ...(link ? [link] : []));
    (document.querySelector(".gradio-container") || document.body).append(notice);
  };
  const link = () => {
    const link = document.createElement("a");
    link.textContent = words().again;
    link.href = window.location.href;
    link.target = "_blank";
    return link;
  };
  const mine = (asked) => {
    const url = new URL(asked instanceof Request ? asked.url : asked, window.location.href);
    return url.origin === window.location.origin && url.pathname.includes("/gradio_api/");
  };
  // Until the reader comes back to this window, or a few seconds have passed while it is in view.
  const turn = () => new Promise((go) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("focus", done);
      document.removeEventListener("visibilitychange", seen);
      go();
    };
    const seen = () => { if (!document.hidden) done(); };
    const timer = document.hidden ? 0 : setTimeout(done, AGAIN_MS);
    window.addEventListener("focus", done);
    document.addEventListener("visibilitychange", seen);
  });
  const ours = (answer) => (answer.headers.get("content-type") || "").startsWith("text/plain");
  const plain = window.fetch;
  window.fetch = async (...asked) => {
    let answer = await plain(...asked);
    if (!mine(asked[0])) return answer;
    while (ours(answer) && (answer.status === 401 || answer.status === 503)) {
      if (answer.status === 401) tell(words().over, link());
      else if (!answer.bodyUsed) tell(await answer.text());
      await turn();
      try { answer = await plain(...asked); } catch { /* the network is away: once more */ }
    }
    if (answer.ok) document.getElementById("over")?.remove();
    return answer;
  };
})();
