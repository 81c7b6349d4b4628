// The page's side of the edge, served as /.conveyor/client.js: `<script src="/.conveyor/client.js"></script>`, first in
// the head. It pins what the page asks for to the page's own version, and reloads the page when that version retires:
// announced, counted down, with what was typed kept. Plain browser JavaScript, sent as it is.
;(() => {
  if (window.conveyor !== undefined) return

  const pin = "x-conveyor-version"
  const version = versionOfThisDocument()
  const page = idOfThisPage()
  const { EventSource, WebSocket, XMLHttpRequest } = window
  const native = { fetch: window.fetch.bind(window), EventSource, WebSocket, XMLHttpRequest }
  let reloading = false
  window.conveyor = Object.freeze({ version, page })

  if (version !== undefined) {
    pinRequests()
    const forms = watchForms()
    forms.restore()
    const banner = makeBanner()
    listen(makeReloader(forms, banner))
  }

  // --- Who this page is

  // The cookie is shared by all tabs; the header of this document's own answer is not.
  function versionOfThisDocument() {
    const [navigation] = performance.getEntriesByType("navigation")
    const timing = navigation?.serverTiming?.find(({ name }) => name === "conveyor")
    return timing?.description || document.cookie.match(/(?:^|;\s*)conveyor-version=([\w.-]+)/)?.[1]
  }

  // Lives across this page's own reload, so that the edge can count the pages that came back.
  function idOfThisPage() {
    const known = recall("conveyor:page")
    if (typeof known === "string") return known
    const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
    remember("conveyor:page", id)
    return id
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
    const fields = "input, select, textarea"
    const untyped = new Set(["submit", "button", "reset", "image", "hidden", "file", "password"])
    const secret = /^(cc-.*|one-time-code|.*-password)$/
    const touched = new Set()
    addEventListener("input", (event) => event.isTrusted && touch(event.composedPath()[0]), { capture: true })
    for (const done of ["submit", "reset"]) addEventListener(done, (event) => forget(event.target), { capture: true })
    return { isDirty, save, restore }

    function touch(field) {
      touched.add(field)
    }
    function forget(form) {
      for (const field of touched) if (form.contains(field) || field.form === form) touched.delete(field)
    }
    function isDirty() {
      for (const field of touched) if (!field.isConnected) touched.delete(field)
      return touched.size > 0
    }
    function mayBeKept(field) {
      const hints = (field.autocomplete ?? "").split(/\s+/)
      return !untyped.has(field.type) && !hints.some((hint) => secret.test(hint)) && field.closest("[data-conveyor-nosave]") === null
    }
    function nameOf(field) {
      return field.id ? `#${field.id}` : `${field.form?.name ?? ""}/${field.name}/${field.type === "radio" ? field.value : ""}`
    }
    function save() {
      const all = [...document.querySelectorAll(fields)].filter(mayBeKept)
      const radios = new Set([...touched].filter(({ type }) => type === "radio").map(({ name }) => name))
      const typed = all
        .filter((field) => touched.has(field) || (field.type === "radio" && radios.has(field.name)))
        .map((field) => {
          const nth = all.filter((other) => nameOf(other) === nameOf(field)).indexOf(field)
          const chosen = field.selectedOptions && [...field.selectedOptions].map(({ value }) => value)
          return { name: nameOf(field), nth, value: field.value, checked: field.checked, chosen }
        })
      if (typed.length > 0) remember(key, { path: location.pathname, typed })
    }
    function restore() {
      const saved = recall(key)
      remember(key, undefined)
      if (saved?.path !== location.pathname) return
      let left = saved.typed
      const tryAll = () => {
        const all = [...document.querySelectorAll(fields)].filter(mayBeKept)
        left = left.filter((entry) => {
          const field = all.filter((candidate) => nameOf(candidate) === entry.name)[entry.nth]
          return field === undefined || !refill(field, entry)
        })
        if (left.length === 0) observer.disconnect()
      }
      // The document may still be loading, and scripts may make the form later still.
      const observer = new MutationObserver(tryAll)
      observer.observe(document, { childList: true, subtree: true })
      setTimeout(() => observer.disconnect(), 15_000)
      addEventListener("load", tryAll, { once: true })
    }
    function refill(field, { value, checked, chosen }) {
      if (chosen) for (const option of field.options) option.selected = chosen.includes(option.value)
      else if (field.type === "checkbox" || field.type === "radio") field.checked = checked
      else field.value = value
      touch(field)
      for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }))
      return true
    }
  }

  // --- When this page reloads

  function makeReloader(forms, banner) {
    let notice
    let timer
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
      notice = { current, reloadBy, deadline, reloadAt, lastCall: deadline - spread, hidden: false }
      if (!tell("conveyor:notice", { version, current, reloadInMs: left })) notice.hidden = true
      tick()
    }
    function cancel() {
      notice = undefined
      banner.hide()
    }
    function tick() {
      clearTimeout(timer)
      if (notice === undefined) return
      const isDirty = forms.isDirty()
      const at = isDirty ? Math.max(notice.deadline, notice.reloadAt) : notice.reloadAt
      timer = setTimeout(tick, 250)
      if (Date.now() >= at) reloadByItself()
      else if (!notice.hidden) banner.show({ secondsLeft: (at - Date.now()) / 1_000, keepsTyped: isDirty, reload: askPageAndReload, later })
    }
    function later() {
      const asked = notice
      asked.hidden = true
      banner.hide()
      setTimeout(() => (asked.hidden = false), Math.max(0, asked.lastCall - Date.now()))
    }
    // A page that comes back at its old version again and again (a cache in between, say) must not reload for ever.
    function reloadByItself() {
      if (reloadsTo(notice.current).length < 3) askPageAndReload()
      else {
        clearTimeout(timer)
        banner.show({ reload: reloadNow })
      }
    }
    function askPageAndReload() {
      if (tell("conveyor:reload", { version, current: notice.current })) reloadNow()
      // The page wants to finish something first; it is asked again.
      else notice.reloadAt = notice.deadline = Date.now() + 5_000
    }
    function reloadNow() {
      remember("conveyor:reloads", [...reloadsTo(notice.current), { to: notice.current, at: Date.now() }])
      forms.save()
      reloading = true
      clearTimeout(timer)
      location.reload()
    }
    function reloadsTo(current) {
      return (recall("conveyor:reloads") ?? []).filter(({ to, at }) => to === current && Date.now() - at < 600_000)
    }
  }

  function tell(type, detail) {
    return dispatchEvent(new CustomEvent(type, { detail, cancelable: true }))
  }

  // --- How it hears of it

  function listen({ announce, cancel }) {
    const channel = new native.EventSource(`/.conveyor/events?version=${version}&page=${page}`)
    channel.addEventListener("notice", ({ data }) => announce(JSON.parse(data)))
    channel.addEventListener("cancel", cancel)
    channel.addEventListener("error", () => {
      // The browser connects again by itself, but not after an answer that is no event stream.
      if (channel.readyState === native.EventSource.CLOSED) setTimeout(() => listen({ announce, cancel }), 5_000)
    })
  }

  // --- What the user sees

  function makeBanner() {
    const host = document.createElement("conveyor-notice")
    const root = host.attachShadow({ mode: "open" })
    const style = new CSSStyleSheet()
    style.replaceSync(`
      :host { position: fixed; inset: auto 1rem 1rem; z-index: 2147483647; display: flex; justify-content: center; pointer-events: none }
      div { pointer-events: auto; display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; max-width: 44rem; padding: .75rem 1rem;
        font: 400 15px/1.4 system-ui, sans-serif; color: #f4f6f8; background: #1d2630; border: 1px solid #4a5866; border-radius: .6rem; box-shadow: 0 6px 24px #0006 }
      p { margin: 0; flex: 1 1 18rem }
      [role=timer] { font-variant-numeric: tabular-nums; font-weight: 600 }
      button { font: inherit; padding: .35rem .8rem; border-radius: .4rem; border: 1px solid #8fa3b5; color: inherit; background: none; cursor: pointer }
      button.main { color: #10202f; background: #9fd0ff; border-color: #9fd0ff; font-weight: 600 }
      button:focus-visible { outline: 3px solid #ffd479; outline-offset: 2px }
    `)
    root.adoptedStyleSheets = [style]
    root.innerHTML = `<div><p role="status"><span id="what"></span> <span role="timer"></span><span id="kept"></span></p>
      <button class="main" type="button">Reload now</button><button id="later" type="button">Later</button></div>`
    const part = (selector) => root.querySelector(selector)
    let actions = {}
    part(".main").addEventListener("click", () => actions.reload())
    part("#later").addEventListener("click", () => actions.later())
    return { show, hide: () => host.remove() }

    function show({ secondsLeft, keepsTyped, reload, later }) {
      const counts = secondsLeft !== undefined
      // A status is read out when it changes: only the timer, which is not, may change each second.
      write("#what", counts ? "A new version is ready. This page reloads in" : "A new version is ready. Please reload this page.")
      write("[role=timer]", counts ? clockTime(secondsLeft) : "")
      write("#kept", keepsTyped ? ". What you have typed is kept." : "")
      actions = { reload, later }
      part("#later").hidden = later === undefined
      if (!host.isConnected) document.documentElement.append(host)
    }
    function write(selector, text) {
      if (part(selector).textContent !== text) part(selector).textContent = text
    }
    function clockTime(seconds) {
      const whole = Math.max(0, Math.ceil(seconds))
      return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
    }
  }

  // --- What outlives a reload

  function recall(key) {
    try {
      return JSON.parse(sessionStorage.getItem(key) ?? "null") ?? undefined
    } catch {
      return undefined
    }
  }
  function remember(key, value) {
    try {
      if (value === undefined) sessionStorage.removeItem(key)
      else sessionStorage.setItem(key, JSON.stringify(value))
    } catch {
      // Storage is full or forbidden: the page works without.
    }
  }
})()
