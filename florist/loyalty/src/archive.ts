// What an xlsx file really holds: its parts are unpacked one after another and counted byte by byte, whatever its directory says, and packed again without
// compression for the reader of sheets, which believes the directory. Called by import-file.ts.
import { zipSync } from "fflate"
import { buffer } from "node:stream/consumers"
import { fromBufferPromise } from "yauzl"

export interface Bounds {
  mostBytes: number
  mostFiles: number
}

/** Pictures, macros and the like are nothing that a table is read from. */
const isPartOfTable = (name: string) => /\.(?:xml|rels)$/i.test(name) && !/^xl\/(?:media|drawings|charts|theme)\//i.test(name)

/** @throws Error that says which bound was passed, or where the archive is broken. */
export async function repacked(archive: Buffer, { mostBytes, mostFiles }: Bounds): Promise<Buffer> {
  // A part that comes to more bytes than its entry says is an error there.
  const zip = await fromBufferPromise(archive, { validateEntrySizes: true })
  const parts = new Map<string, Uint8Array>()
  let left = mostBytes
  for await (const entry of zip.eachEntry()) {
    if (!isPartOfTable(entry.fileName)) continue
    if (parts.size >= mostFiles) throw new Error(`it has more than ${mostFiles} parts.`)
    left -= entry.uncompressedSize
    if (left < 0) throw new Error(`it unpacks to more than ${mostBytes} bytes.`)
    parts.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)))
  }
  return Buffer.from(zipSync(Object.fromEntries(parts), { level: 0 }))
}
