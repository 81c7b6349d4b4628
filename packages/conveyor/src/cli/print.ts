// Writes to standard output. Everything else that a command shows goes through here, so that --json stays clean.

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
