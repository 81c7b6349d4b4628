// The page's side of the edge, served as /.conveyor/client.js: `<script src="/.conveyor/client.js"></script>`, first in
// the head. It pins what the page asks for to the page's own version, and reloads the page when that version retires:
// announced, counted down, with what was typed kept. Plain browser JavaScript, sent as it is but for comments.
;(() => {
  if (window.conveyor) return

  const pin = "x-conveyor-version"
  const { version, page, wasPosted } = identityOfThisPage()
  const { EventSource, WebSocket, XMLHttpRequest } = window
  const native = { fetch: window.fetch.bind(window), EventSource, WebSocket, XMLHttpRequest }
  const busyWith = new Set()
  let reloading = false
  window.conveyor = Object.freeze({ version, page, busy })
  addEventListener("conveyor:busy", ({ detail }) => busy(detail))

  if (version) {
    pinRequests()
    pinForms()
    listen(makeReloader(watchForms()))
  }

  // --- Who this page is

  // The cookie is shared by all tabs; the header of this document's own answer is not. A page that no edge has signed is told
  // notices like any other, but counts for nothing.
  function identityOfThisPage() {
    const [navigation] = performance.getEntriesByType("navigation")
    const said = Object.fromEntries((navigation?.serverTiming ?? []).map(({ name, description }) => [name, description]))
    return {
      version: said.conveyor || document.cookie.match(/(?:^|;\s*)conveyor-version=([\w.-]+)/)?.[1],
      page: said["conveyor-page"] || "unsigned-" + Math.random().toString(36).slice(2),
      wasPosted: "conveyor-posted" in said,
    }
  }

  // --- What this page asks for

  function pinRequests() {
    window.fetch = (input, init) => {
      const isRequest = input instanceof Request
      if (!isOurs(isRequest ? input.url : input)) return native.fetch(input, init)
      const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined))
      headers.set(pin, version)
      return native.fetch(input, { ...init, headers })
    }
    window.XMLHttpRequest = class XMLHttpRequest extends native.XMLHttpRequest {
      open(method, url, ...rest) {
        super.open(method, url, ...rest)
        if (isOurs(url)) this.setRequestHeader(pin, version)
      }
    }
    // These cannot carry a header.
    window.EventSource = class EventSource extends native.EventSource {
      constructor(url, options) {
        super(withPin(url), options)
      }
    }
    window.WebSocket = class WebSocket extends native.WebSocket {
      constructor(url, protocols) {
        super(withPin(url), protocols ?? [])
      }
    }
    const sendBeacon = navigator.sendBeacon.bind(navigator)
    navigator.sendBeacon = (url, data) => sendBeacon(withPin(url), data)
  }

  // A posted form goes to the version that drew it, whether a user or a script sends it.
  function pinForms() {
    addEventListener("submit", ({ target, submitter }) => aim(target, submitter), { capture: true })
    const form = HTMLFormElement.prototype
    // oxlint-disable-next-line typescript/unbound-method -- it is called for the form that it is called on
    const { submit } = form
    form.submit = function () {
      aim(this)
      submit.call(this)
    }
    function aim(form, by) {
      const said = (name) => by?.getAttribute("form" + name) || form.getAttribute(name)
      if (said("method")?.toLowerCase() !== "post") return
      const [element, name] = by?.hasAttribute("formaction") ? [by, "formaction"] : [form, "action"]
      const before = element.getAttribute(name)
      element.setAttribute(name, withPin(before || location.href))
      setTimeout(() => element.setAttribute(name, before ?? ""))
    }
  }

  function isOurs(input) {
    const url = URL.parse(input, document.baseURI)
    return url !== null && /^(https?|wss?):$/.test(url.protocol) && url.host === location.host
  }

  function withPin(input) {
    if (!isOurs(input)) return input
    const url = new URL(input, document.baseURI)
    url.searchParams.set(pin, version)
    return url.href
  }

  // --- What was typed

  function watchForms() {
    const key = "conveyor:typed"
    const touched = new Set()
    const touch = (field) => touched.add(field)
    addEventListener("input", (event) => event.isTrusted && touch(event.composedPath()[0]), { capture: true })
    for (const done of ["submit", "reset"]) addEventListener(done, ({ target }) => forget(target), { capture: true })
    const saved = recall(key)
    remember(key)
    if (saved?.path === location.pathname)
      keeper().then(
        (it) => it.restore(saved.typed, touch),
        () => {},
      )
    return { isDirty, save }

    function forget(form) {
      for (const field of touched) if (form.contains(field) || field.form === form) touched.delete(field)
    }
    function isDirty() {
      for (const field of touched) if (!field.isConnected) touched.delete(field)
      return touched.size > 0
    }
    function save(it) {
      const typed = it.collect(touched)
      if (typed.length > 0) remember(key, { path: location.pathname, typed })
    }
  }

  // Needed by few pages, and only around a reload.
  function keeper() {
    return import("/.conveyor/forms.js")
  }

  // --- When this page reloads

  // An application is in the middle of something: until a promise settles, or for so many ms.
  function busy(work) {
    busyWith.add(work)
    const over = () => busyWith.delete(work)
    if (typeof work?.then === "function") work.then(over, over)
    else setTimeout(over, Number(work) || 0)
  }

  function makeReloader(forms) {
    // What is under way may put the reload off by so much; then the version is gone, and waiting helps nobody.
    const busyMs = 60_000
    let notice
    let timer
    let banner
    let keeping
    // What was typed is kept, so nobody needs to be asked "Leave this page?"; this script, the first, hears of it first.
    addEventListener("beforeunload", (event) => reloading && event.stopImmediatePropagation())
    return { announce, cancel }

    function announce({ announcedAt, reloadBy, current, now }) {
      // A channel that was cut and opened again says the same once more.
      if (notice?.reloadBy === reloadBy && notice.current === current) return
      const left = Math.max(0, reloadBy - now)
      const spread = Math.max(2_000, Math.min(60_000, 0.2 * (reloadBy - announcedAt)))
      const deadline = Date.now() + left
      // Pages reload spread out, so that the new version does not meet them all in one moment.
      const reloadAt = left === 0 ? deadline + Math.random() * 2_000 : deadline - Math.random() * Math.min(spread, left)
      keeping ??= keeper().catch(() => undefined)
      notice = { current, reloadBy, deadline, reloadAt, lastCall: deadline - spread, hidden: false }
      if (!tell("conveyor:notice", { version, current, reloadInMs: left, reload: reloadNow })) notice.hidden = true
      tick()
    }
    function cancel() {
      notice = undefined
      show()
    }
    function tick() {
      clearTimeout(timer)
      if (!notice) return
      const keepsTyped = forms.isDirty()
      const isBusy = busyWith.size > 0 && Date.now() < notice.deadline + busyMs
      const at = keepsTyped || isBusy ? Math.max(notice.deadline, notice.reloadAt) : notice.reloadAt
      timer = setTimeout(tick, 250)
      if (Date.now() >= at && !isBusy) reloadByItself()
      else if (!notice.hidden) show({ secondsLeft: (at - Date.now()) / 1_000, keepsTyped, isBusy, reload: askPageAndReload, later })
    }
    function later() {
      const asked = notice
      asked.hidden = true
      show()
      setTimeout(() => (asked.hidden = false), Math.max(0, asked.lastCall - Date.now()))
    }
    // What the user sees comes with the first notice; without it the page reloads all the same.
    function show(what) {
      banner ??=
        what &&
        import("/.conveyor/notice.js").then(
          (module) => module.makeBanner(),
          () => undefined,
        )
      banner?.then((it) => it?.show(what))
    }
    // A page that comes back at its old version again and again (a cache in between, say) must not reload for ever; one that
    // was posted for is left to its user.
    function reloadByItself() {
      if (!wasPosted && reloadsTo(notice.current).length < 3) askPageAndReload()
      else {
        clearTimeout(timer)
        show({ reload: reloadNow })
      }
    }
    function askPageAndReload() {
      if (tell("conveyor:reload", { version, current: notice.current })) void reloadNow()
      // The page wants to finish something first; it is asked again.
      else notice.reloadAt = notice.deadline = Date.now() + 5_000
    }
    async function reloadNow() {
      clearTimeout(timer)
      const it = await keeping
      // What was typed would be lost: the user has the last word, and the second click.
      if (!it && forms.isDirty() && !notice.asked) return show({ reload: reloadNow, asked: (notice.asked = true) })
      if (it) forms.save(it)
      remember("conveyor:reloads", [...reloadsTo(notice.current), { to: notice.current, at: Date.now() }])
      remember("conveyor:was", `${version}~${page}`)
      reloading = true
      if (wasPosted) location.replace(location.pathname + location.search)
      else location.reload()
    }
    function reloadsTo(current) {
      return (recall("conveyor:reloads") ?? []).filter(({ to, at }) => to === current && Date.now() - at < 600_000)
    }
  }

  function tell(type, detail) {
    return dispatchEvent(new CustomEvent(type, { detail, cancelable: true }))
  }

  // --- How it hears of it

  // One channel for all tabs of the browser, since a browser has six connections to a host; where it cannot be shared, one for
  // each tab that is looked at.
  function listen({ announce, cancel }) {
    const me = `${version}~${page}`
    const was = recall("conveyor:was")
    const hear = (type, data) => (type === "notice" ? announce(data) : cancel())
    try {
      const worker = new SharedWorker("/.conveyor/channel.js")
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has one other end
      const say = (what) => worker.port.postMessage([what, me, was])
      worker.addEventListener("error", listenAlone)
      worker.port.addEventListener("message", ({ data }) => hear(...data))
      worker.port.start()
      say("here")
      setInterval(say, 20_000, "here")
      addEventListener("pagehide", () => say("gone"))
      addEventListener("pageshow", () => say("here"))
    } catch {
      listenAlone()
    }

    function listenAlone() {
      let channel
      const open = () => {
        channel?.close()
        if (document.hidden) return
        channel = new native.EventSource(`/.conveyor/events?page=${me}&was=${was}`)
        for (const type of ["notice", "cancel"]) channel.addEventListener(type, ({ data }) => hear(type, JSON.parse(data)))
        // The browser connects again by itself, but not after an answer that is no event stream.
        channel.addEventListener("error", () => channel.readyState === 2 && setTimeout(open, 5_000))
      }
      document.addEventListener("visibilitychange", open)
      open()
    }
  }

  // --- What outlives a reload

  function recall(key) {
    try {
      return JSON.parse(sessionStorage.getItem(key))
    } catch {
      return undefined
    }
  }
  function remember(key, value = null) {
    try {
      sessionStorage.setItem(key, JSON.stringify(value))
    } catch {
      // Storage is full or forbidden: the page works without.
    }
  }
})()
