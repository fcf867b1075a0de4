// Sends files in pieces; what the site has already is asked for first, so that a broken transfer goes on where it ended.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const { begin, secret, chunk, sending, checking, broken } = form.dataset;
  const [bar, state, box, problem, pause] = ["bar", "state", "sending", "problem", "pause"].map((id) => document.getElementById(id));
  const headers = { "X-CSRF-Token": secret };
  let paused = false, current = null;

  const ask = async (url, options = {}) => {
    const answer = await fetch(url, { ...options, headers: { ...headers, ...options.headers }, credentials: "same-origin" });
    const body = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
    if (!answer.ok && answer.status !== 409) throw Object.assign(new Error(body.detail || answer.statusText), { final: answer.status < 500 });
    return body;
  };
  const wait = (ms) => new Promise((go) => setTimeout(go, ms));

  // what was chosen before under the same names and sizes is gone on with
  const memory = (files) => "carindex:" + files.map((file) => `${file.name}|${file.size}|${file.lastModified}`).join("\n");

  const send = async (files, title) => {
    const known = localStorage.getItem(memory(files));
    let upload = known ? await ask(`${begin}/${known}`).catch(() => null) : null;
    if (!upload || upload.state !== "receiving") {
      upload = await ask(begin, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ title, files: files.map((file) => ({ name: file.webkitRelativePath || file.name, size: file.size })) }),
      });
      localStorage.setItem(memory(files), upload.key);
    }
    const whole = files.reduce((sum, file) => sum + file.size, 0);
    for (const [number, file] of files.entries()) {
      let at = upload.received[number], failures = 0;
      while (at < file.size) {
        while (paused) await wait(200);
        const before = files.slice(0, number).reduce((sum, one) => sum + one.size, 0);
        bar.value = (before + at) / whole;
        state.textContent = `${sending} ${Math.floor((100 * (before + at)) / whole)} %`;
        try {
          const piece = file.slice(at, at + Number(chunk));
          const answer = await ask(`${begin}/${upload.key}/chunks/${number}?offset=${at}`, { method: "PUT", body: piece, headers: { "Content-Type": "application/octet-stream" } });
          at = answer.received[number];
          failures = 0;
        } catch (error) {
          if (error.final || ++failures > 8) throw error;
          state.textContent = broken;
          await wait(500 * 2 ** failures);
          at = (await ask(`${begin}/${upload.key}`).catch(() => ({ received: { [number]: at } }))).received[number];
        }
      }
    }
    bar.value = 1;
    state.textContent = checking;
    const done = await ask(`${begin}/${upload.key}/complete`, { method: "POST" });
    localStorage.removeItem(memory(files));
    location.assign(done.page);
  };

  pause.addEventListener("click", () => { paused = !paused; pause.setAttribute("aria-pressed", String(paused)); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (current) return;
    problem.hidden = true;
    box.hidden = pause.hidden = false;
    current = send([...form.elements.files.files], form.elements.title.value);
    try { await current; } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      box.hidden = true;
    } finally { current = null; pause.hidden = true; paused = false; }
  });
})();
