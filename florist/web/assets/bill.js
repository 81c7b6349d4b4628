// What the customer takes. Kept in the tab, so that a reload of the page loses nothing.
export function openBill(shop) {
  const key = `bill of shop ${shop}`
  let lines = JSON.parse(sessionStorage.getItem(key) ?? "[]")
  let listener = () => {}

  function become(next) {
    lines = next
    sessionStorage.setItem(key, JSON.stringify(lines))
    listener()
  }

  return {
    lines: () => lines,
    total: () => lines.reduce((sum, { item, count }) => sum + item.price * count, 0),
    onChange: (called) => (listener = called),
    add(item) {
      const isThere = lines.some((line) => line.item.id === item.id)
      become(isThere ? lines.map((line) => plus(line, item, 1)) : [...lines, { item, count: 1 }])
    },
    remove(item) {
      become(lines.map((line) => plus(line, item, -1)).filter(({ count }) => count > 0))
    },
    clear: () => become([]),
  }
}

function plus(line, item, count) {
  return line.item.id === item.id ? { ...line, count: line.count + count } : line
}
