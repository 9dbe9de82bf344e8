// The dashboard: reads and acts through the REST face, hears of changes over the WebSocket, and
// goes on by asking every few seconds where a socket is blocked. All text is set as textContent.

const team = document.body.dataset.team;
const csrf = document.body.dataset.csrf;
const staleAfter = Number(document.body.dataset.stale) * 1000;
const canDeploy = document.body.dataset.canDeploy === "1";
const base = `/api/v1/teams/${team}`;

const BUSY = new Set(["detecting", "pending", "building", "deploying", "starting", "stopping", "restarting", "scaling"]);
const TONES = { running: "good", error: "bad", stopped: "off", unknown: "unknown" };
const FINAL = new Set(["cancelled", "superseded"]);
const POLL_LIVE_MS = 10_000;
const POLL_BLOCKED_MS = 2_500;
// Terminal colours, titles and other control characters of hostile or merely colourful logs.
const CONTROL = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g;

const cards = new Map(); // service id -> Card
let isLive = false;
let lastNumber = null;

const byId = (id) => document.getElementById(id);
const plain = (text) => String(text ?? "").replace(CONTROL, "");

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = plain(text);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

async function call(method, path, body) {
  const response = await fetch(base + path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, "X-Team-ID": team },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 401) location.reload();
  const answer = response.status === 204 ? {} : await response.json().catch(() => null);
  // A proxy in front answers for itself, in HTML, while the platform starts anew.
  if (answer === null) throw new Error(`no answer of the platform (${response.status}) — try again in a moment`);
  if (!response.ok) throw new Error([answer.error.message, answer.error.fix].filter(Boolean).join(" — "));
  return answer;
}

function notice(text) {
  const place = byId("notice");
  place.textContent = plain(text);
  place.hidden = !text;
}

function ago(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

function seconds(value) {
  return value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}

class Card {
  constructor(service) {
    this.node = byId("card").content.firstElementChild.cloneNode(true);
    this.service = service;
    this.operation = null;
    this.open = ""; // "", "logs" or "build"
    this.build = { id: null, last: 0 };
    const id = `service-${service.id}`;
    this.part("name").id = id;
    this.node.setAttribute("aria-labelledby", id);
    this.node.querySelector(".actions").setAttribute("aria-label", `Actions for ${service.name}`);
    for (const button of this.node.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.act(button.dataset.do));
    }
    for (const tab of this.node.querySelectorAll("[data-open]")) {
      tab.addEventListener("click", () => this.show(this.open === tab.dataset.open ? "" : tab.dataset.open));
    }
  }

  part(name) {
    return this.node.querySelector(`[data-part="${name}"]`);
  }

  update(service, operation) {
    const before = this.service.status;
    this.service = service;
    if (operation) this.operation = operation;
    if (before !== service.status) byId("spoken").textContent = plain(`${service.name} is ${service.status}`);
    this.part("name").textContent = plain(service.name);
    const folder = service.folder_path === "/" ? "" : service.folder_path;
    const kind = new Set([service.service_type, service.process, folder]);
    this.part("kind").textContent = plain([...kind].filter(Boolean).join(" · "));
    this.drawUrls();
    this.drawReason();
    this.drawFacts();
    this.tick();
  }

  get isOpen() {
    return ["queued", "running"].includes(this.operation?.state);
  }

  // Nothing is shown as running for longer than somebody saw it run.
  get shown() {
    const { status, observed_at: seen } = this.service;
    const isStale = status === "running" && (!seen || Date.now() - Date.parse(seen) > staleAfter);
    return isStale ? "unknown" : status;
  }

  // What changes with time alone: ages and running seconds.
  tick() {
    const shown = this.shown;
    const seen = this.service.observed_at;
    this.node.dataset.tone = BUSY.has(shown) && this.isOpen ? "busy" : (TONES[shown] ?? "off");
    this.part("status").textContent = plain(shown);
    this.part("seen").textContent = seen ? ` · seen ${ago(seen)} ago` : "";
    this.part("seen").title = seen ? new Date(seen).toLocaleString() : "";
    this.drawStages();
    this.drawFailure();
    this.drawActions(shown);
  }

  drawUrls() {
    const serves = this.service.scaling_config.current_replicas > 0;
    const key = JSON.stringify([this.service.urls, serves]);
    if (key === this.urlKey) return; // a redrawn link would lose the keyboard's focus
    this.urlKey = key;
    const items = this.service.urls.map(({ url }) => address(url, serves));
    if (items.length && !serves) items.push(element("li", "nothing answers there now", { class: "muted" }));
    this.part("urls").replaceChildren(...items);
  }

  get error() {
    const failed = this.operation?.state === "failed" ? this.operation.error : null;
    return this.service.status_detail ?? failed;
  }

  // Why it is as it is, once: the platform's two sentences can hold each other, and so the failure.
  drawReason() {
    const { status_reason: reason, deployment_status: last } = this.service;
    const told = this.error?.message;
    const words = [last?.includes(reason) ? null : reason, last].filter((word) => !told || !word?.includes(told));
    if (this.service.has_pending_changes) words.push("Changed settings apply with the next deploy or restart.");
    this.part("reason").textContent = plain(words.filter(Boolean).join(" · "));
    this.part("reason").hidden = !this.part("reason").textContent;
  }

  drawFacts() {
    const { release, scaling_config: scaling } = this.service;
    const replicas = `${scaling.current_replicas}/${scaling.target_replicas} replicas`;
    this.part("facts").textContent = [release && `release ${release}`, replicas].filter(Boolean).join(" · ");
  }

  drawActions(shown) {
    const isUp = ["running", "unknown"].includes(shown) || this.isOpen;
    const allowed = {
      deploy: true,
      start: !isUp && Boolean(this.service.release),
      restart: shown === "running" && !this.isOpen,
      stop: isUp || shown === "error",
      cancel: this.isOpen && !["stop", "remove"].includes(this.operation.kind),
    };
    for (const button of this.node.querySelectorAll("[data-do]")) {
      button.hidden = !canDeploy || !allowed[button.dataset.do];
    }
    const cancel = this.node.querySelector('[data-do="cancel"]');
    cancel.disabled = Boolean(this.operation?.is_cancelling);
  }

  drawStages() {
    const place = this.part("stages");
    const steps = this.operation && !FINAL.has(this.operation.state) ? this.operation.steps : [];
    place.hidden = steps.length === 0;
    place.setAttribute("aria-label", `Stages of the last ${this.operation?.kind ?? "operation"}`);
    place.replaceChildren(...steps.map(stage));
  }

  drawFailure() {
    const error = this.error;
    const kind = this.service.status_detail ? "" : this.operation?.kind;
    const key = JSON.stringify(error);
    if (key === this.failureKey) return;
    this.failureKey = key;
    this.part("failure").hidden = !error;
    this.part("failure").replaceChildren(...(error ? failure(error, kind) : []));
  }

  async act(verb) {
    if (this.isAsking) return; // twice pressed is meant once
    this.isAsking = true;
    notice("");
    const path = verb === "cancel" ? `/operations/${this.operation.id}/cancel` : `/services/${this.service.id}/${verb}`;
    try {
      await call("POST", path, {});
      await refresh();
      if (verb === "deploy") this.show("build");
    } catch (error) {
      notice(`${this.service.name}: ${error.message}`);
    } finally {
      this.isAsking = false;
    }
  }

  show(what) {
    this.open = what;
    this.build = { id: null, last: 0 };
    this.part("text").hidden = !what;
    this.part("text").textContent = "";
    this.part("text").setAttribute("aria-label", what === "build" ? "Build log" : "Log");
    for (const tab of this.node.querySelectorAll("[data-open]")) {
      tab.setAttribute("aria-expanded", String(tab.dataset.open === what));
    }
    this.read();
  }

  async read() {
    if (!this.open || document.hidden) return;
    try {
      await (this.open === "build" ? this.readBuild() : this.readLogs());
    } catch (error) {
      notice(error.message);
    }
  }

  async readLogs() {
    const { data } = await call("GET", `/services/${this.service.id}/logs?lines=200`);
    if (this.open !== "logs") return;
    this.write(() => (this.part("text").textContent = plain(data.logs)));
  }

  async readBuild() {
    const id = this.operation?.build_id;
    if (!id) return;
    if (id !== this.build.id) {
      this.build = { id, last: 0 };
      this.part("text").textContent = "";
    }
    const build = this.build;
    for (let more = true; more && this.build === build && this.open === "build"; ) {
      const { data } = await call("GET", `/builds/${id}/log?after=${build.last}`);
      more = data.chunks.length > 0;
      data.chunks.forEach((chunk) => this.append(id, chunk.number, chunk.text));
    }
  }

  // A piece of the log by whichever way it came first; a gap is read again.
  append(buildId, number, text) {
    if (this.open !== "build" || buildId !== this.build.id || number <= this.build.last) return;
    if (number > this.build.last + 1) return void this.read();
    this.build.last = number;
    this.write(() => this.part("text").append(plain(text)));
  }

  write(change) {
    const text = this.part("text");
    const follows = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
    change();
    if (follows) text.scrollTop = text.scrollHeight;
  }
}

// Where nothing answers there is nothing to click.
function address(url, serves) {
  const item = element("li");
  const isLink = serves && /^https?:\/\//.test(url);
  const attributes = isLink ? { href: url, target: "_blank", rel: "noopener noreferrer" } : { class: "muted" };
  item.append(element(isLink ? "a" : "span", url, attributes));
  return item;
}

function stage(step) {
  const item = element("li", undefined, { "data-state": step.state });
  const running = step.state === "running" && step.started_at;
  const took = running ? (Date.now() - Date.parse(step.started_at)) / 1000 : step.seconds;
  const detail = [took === null || took === undefined ? "" : seconds(Math.max(0, took)), step.detail];
  item.append(element("b", step.name), element("span", detail.filter(Boolean).join(" · ") || "\u00a0"));
  item.setAttribute("aria-label", `${step.name}: ${step.state}`);
  if (step.detail) item.title = plain(step.detail);
  return item;
}

function failure(error, kind) {
  const where = error.stage ? ` in the stage ${error.stage}` : "";
  const facts = [
    error.dockerfile_line && `Dockerfile line ${error.dockerfile_line}`,
    error.exit_code !== null && error.exit_code !== undefined && `exit code ${error.exit_code}`,
    error.oom && "out of memory",
  ].filter(Boolean);
  const what = error.message ?? error.code;
  const nodes = [element("h3", kind ? `The ${kind} failed${where}: ${what}` : what)];
  if (facts.length) nodes.push(element("p", facts.join(" · ")));
  if (error.fix) nodes.push(element("p", `What to do: ${error.fix}`));
  const lines = error.log_tail ?? error.tail;
  const tail = Array.isArray(lines) ? lines.join("\n") : lines;
  if (tail) nodes.push(element("pre", tail, { tabindex: "0", "aria-label": "Last lines" }));
  return nodes;
}

async function refresh() {
  const [services, operations] = await Promise.all([
    call("GET", "/services?limit=500"),
    call("GET", "/operations?limit=200"),
  ]);
  const latest = new Map();
  for (const operation of operations.data) {
    if (!latest.has(operation.service_id)) latest.set(operation.service_id, operation);
  }
  const place = byId("services");
  if (cards.size === 0) place.replaceChildren(); // the list that the server wrote
  const alive = new Set(services.data.map((service) => service.id));
  for (const [id, card] of cards) {
    if (!alive.has(id)) {
      card.node.remove();
      cards.delete(id);
    }
  }
  for (const service of services.data) {
    if (!cards.has(service.id)) {
      cards.set(service.id, new Card(service));
      place.append(cards.get(service.id).node);
    }
    cards.get(service.id).update(service, latest.get(service.id));
  }
  byId("empty").hidden = services.data.length > 0;
  const running = [...cards.values()].filter((card) => card.shown === "running").length;
  byId("summary").textContent = cards.size ? `${running} of ${cards.size} running` : "";
}

let asked = null;
function soon() {
  asked ??= setTimeout(async () => {
    asked = null;
    await quietly(refresh);
  }, 120);
}

async function quietly(work) {
  try {
    await work();
    if (byId("notice").dataset.lost) notice("");
    delete byId("notice").dataset.lost;
  } catch (error) {
    notice(`Kyozo does not answer: ${error.message}`);
    byId("notice").dataset.lost = "1";
  }
}

function hear({ event, payload, sequence_number: number }) {
  if (number) lastNumber = number;
  if (event === "build_log") {
    cards.get(payload.service_id)?.append(payload.build_id, payload.number, payload.text);
  } else if (!["pong", "health_check_completed", "service_metrics_updated"].includes(event)) {
    soon();
  }
}

function connect(wait = 1000) {
  const since = lastNumber === null ? "" : `&since=${lastNumber}`;
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/live/containers?team_id=${team}${since}`);
  socket.addEventListener("open", () => {
    wait = 1000;
    link("live");
    socket.send(JSON.stringify({ type: "subscribe", build_logs: true }));
    soon();
  });
  socket.addEventListener("message", (message) => hear(JSON.parse(message.data)));
  socket.addEventListener("close", () => {
    link("polling");
    setTimeout(() => connect(Math.min(wait * 2, 15_000)), wait);
  });
}

function link(state) {
  isLive = state === "live";
  byId("link").dataset.state = state;
  byId("link").textContent = isLive ? "live" : "asking every few seconds";
}

async function poll() {
  if (!document.hidden) await quietly(refresh);
  setTimeout(poll, isLive ? POLL_LIVE_MS : POLL_BLOCKED_MS);
}

byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(byId("command").textContent);
    byId("copy").textContent = "Copied";
  } catch {
    // Over plain HTTP from another machine there is no clipboard: selected, it is copied by hand.
    getSelection().selectAllChildren(byId("command"));
    byId("copy").textContent = "Press Ctrl+C";
  }
});
setInterval(() => cards.forEach((card) => card.tick()), 1000);
setInterval(() => cards.forEach((card) => card.read()), POLL_BLOCKED_MS);
poll();
connect();
