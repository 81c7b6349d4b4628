// Something that the tab remembers through reloads of its page.
export function openNote(key) {
  return {
    /** Undefined where nothing was written. */
    read() {
      const text = sessionStorage.getItem(key)
      return text === null ? undefined : JSON.parse(text)
    },
    write: (value) => sessionStorage.setItem(key, JSON.stringify(value)),
    forget: () => sessionStorage.removeItem(key),
  }
}
