// What a user sees of a notice, served as /.conveyor/notice.js and loaded by the page's script with the first one: above
// everything, dialogs too, in English or Russian.

const words = {
  en: {
    counts: "A new version is ready. This page reloads in",
    busy: "A new version is ready. This page reloads once what is under way is done.",
    asks: "A new version is ready. Please reload this page.",
    kept: ". What you have typed is kept.",
    reload: "Reload now",
    later: "Later",
  },
  ru: {
    counts: "Вышла новая версия. Страница обновится через",
    busy: "Вышла новая версия. Страница обновится, когда завершится начатое.",
    asks: "Вышла новая версия. Обновите страницу.",
    kept: ". Введённое сохранится.",
    reload: "Обновить сейчас",
    later: "Позже",
  },
}

const style = `
  :host { position: fixed; inset: auto 0 0; width: auto; height: auto; margin: 0; padding: 1rem; border: 0; background: none; overflow: visible;
    z-index: 2147483647; box-sizing: border-box; display: flex; justify-content: center; pointer-events: none; color-scheme: light dark }
  div { pointer-events: auto; display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; max-width: 44rem; padding: .75rem 1rem;
    font: 400 15px/1.4 system-ui, sans-serif; color: #16202a; background: #fff; border: 1px solid #b9c4ce; border-radius: .6rem;
    box-shadow: 0 6px 24px #0004 }
  p { margin: 0; flex: 1 1 18rem }
  [role=timer] { font-variant-numeric: tabular-nums; font-weight: 600 }
  button { font: inherit; min-height: 2.5rem; padding: .35rem .9rem; border-radius: .4rem; border: 1px solid #6b7d8e; color: inherit; background: none; cursor: pointer }
  button.main { color: #fff; background: #0b5cad; border-color: #0b5cad; font-weight: 600 }
  button:focus-visible { outline: 3px solid #d08700; outline-offset: 2px }
  [hidden] { display: none }
  @media (max-width: 30rem) { button { flex: 1 1 auto } }
  @media (prefers-color-scheme: dark) {
    div { color: #f4f6f8; background: #1d2630; border-color: #4a5866; box-shadow: 0 6px 24px #0009 }
    button { border-color: #8fa3b5 }
    button.main { color: #10202f; background: #9fd0ff; border-color: #9fd0ff }
  }
`

export function makeBanner() {
  const host = document.createElement("conveyor-notice")
  host.popover = "manual"
  const root = host.attachShadow({ mode: "open" })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(style)
  root.adoptedStyleSheets = [sheet]
  root.innerHTML = `<div><p role="status"><span id="what"></span> <span role="timer"></span><span id="kept"></span></p>
    <button class="main" type="button"></button><button id="later" type="button"></button></div>`
  const part = (selector) => root.querySelector(selector)
  let actions = {}
  part(".main").addEventListener("click", () => actions.reload())
  part("#later").addEventListener("click", () => actions.later())
  return { show }

  // Nothing to show takes it away.
  function show(what) {
    if (!what) return host.remove()
    const { secondsLeft, keepsTyped, isBusy, reload, later } = what
    const lang = (document.documentElement.lang || navigator.language).slice(0, 2) === "ru" ? "ru" : "en"
    const said = words[lang]
    host.lang = lang
    // A status is read out when it changes: only the timer, which is not, may change each second.
    write("#what", isBusy ? said.busy : secondsLeft === undefined ? said.asks : said.counts)
    write("[role=timer]", isBusy || secondsLeft === undefined ? "" : clockTime(secondsLeft))
    write("#kept", keepsTyped && !isBusy ? said.kept : "")
    write(".main", said.reload)
    write("#later", said.later)
    actions = { reload, later }
    part(".main").hidden = Boolean(isBusy)
    part("#later").hidden = later === undefined
    place()
  }
  // Whatever is outside an open modal dialog cannot be reached, above it or not: the notice goes into the last one.
  function place() {
    const home = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body ?? document.documentElement
    if (host.parentNode !== home) home.append(host)
    // The top layer shows what came last on top.
    if (!host.matches(":popover-open")) host.showPopover()
  }
  function write(selector, text) {
    if (part(selector).textContent !== text) part(selector).textContent = text
  }
}

function clockTime(seconds) {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}
