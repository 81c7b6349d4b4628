// The notice channel that all tabs of a browser share, served as /.conveyor/channel.js and run as a shared worker: tabs say that
// they are here and that they are gone, and are told what is for their version.

// A tab that was ended hard says nothing; one in the background may speak once a minute.
const silentMs = 180_000
const pages = new Map()
let channel
let opening

onconnect = ({ ports: [port] }) => {
  port.addEventListener("message", ({ data: [what, page, was] }) => {
    const isNew = !pages.has(page)
    if (what === "gone") pages.delete(page)
    else pages.set(page, { port, was, at: Date.now() })
    if (isNew) openSoon()
  })
  port.start()
}

setInterval(() => {
  for (const [page, { at }] of pages) if (Date.now() - at > silentMs) pages.delete(page)
  openSoon()
}, 60_000)

// Tabs come in bursts.
function openSoon() {
  clearTimeout(opening)
  opening = setTimeout(open, 100)
}

// The new channel stands before the old one goes, so that no page is missed in between; every page is told anew on it.
function open() {
  const names = [...pages.keys()].slice(-64)
  if (names.join() === channel?.names && channel.readyState !== EventSource.CLOSED) return
  if (names.length === 0) {
    channel?.close()
    return
  }
  const next = new EventSource("/.conveyor/events?" + names.map((page) => `page=${page}&was=${pages.get(page).was}`).join("&"))
  const before = channel
  channel = next
  next.names = names.join()
  next.addEventListener("open", () => before?.close())
  next.addEventListener("error", () => next.readyState === EventSource.CLOSED && next === channel && setTimeout(openSoon, 5_000))
  for (const type of ["notice", "cancel"]) next.addEventListener(type, ({ data }) => pass(type, JSON.parse(data)))
}

function pass(type, data) {
  for (const [page, { port }] of pages) if (page.startsWith(`${data.version}~`)) port.postMessage([type, data])
}
