// What the customer takes. A reload of the page loses nothing of it.
import { openNote } from "./note.js"

export function openBill(shop) {
  const note = openNote(`bill of shop ${shop}`)
  let lines = note.read() ?? []
  let listener = () => {}

  function become(next) {
    lines = next
    note.write(lines)
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
