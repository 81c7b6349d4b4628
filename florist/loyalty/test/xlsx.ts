// The smallest xlsx file that holds rows of text: a zip archive. With `hidesMb` its sheet is followed by so many megabytes of which the directory says nothing. Called by the tests of imports.
import { crc32, deflateRawSync } from "node:zlib"

export function xlsxOf(rows: readonly (readonly string[])[], { hidesMb = 0 } = {}): Uint8Array<ArrayBuffer> {
  const cells = rows.map((row, y) => {
    const inRow = row.map((text, x) => `<c r="${String.fromCharCode(65 + x)}${y + 1}" t="inlineStr"><is><t>${text}</t></is></c>`)
    return `<row r="${y + 1}">${inRow.join("")}</row>`
  })
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
  const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
  const packaged = "http://schemas.openxmlformats.org/package/2006"
  const sheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml"
  return zipOf(
    {
      "[Content_Types].xml": `<Types xmlns="${packaged}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${sheetType}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${sheetType}.worksheet+xml"/></Types>`,
      "_rels/.rels": `<Relationships xmlns="${packaged}/relationships"><Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
      "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${packaged}/relationships"><Relationship Id="r1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
      "xl/worksheets/sheet1.xml": `<worksheet xmlns="${main}"><sheetData>${cells.join("")}</sheetData></worksheet>${"a".repeat(hidesMb << 20)}`,
    },
    hidesMb,
  )
}

/** What an entry says at most that it unpacks to. */
const mostSaid = 16 << 20

function zipOf(files: Readonly<Record<string, string>>, hidesMb: number): Uint8Array<ArrayBuffer> {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const [path, content] = [Buffer.from(name), Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${text}`)]
    const common = Buffer.alloc(26)
    const packed = deflateRawSync(content)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(hidesMb > 0 ? Math.min(content.length, mostSaid) : content.length, 18)
    common.writeUInt16LE(path.length, 22)
    locals.push(Buffer.from("PK\x03\x04", "latin1"), common, path, packed)
    const entry = Buffer.alloc(14)
    entry.writeUInt32LE(offset, 10)
    entries.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, entry, path)
    offset += 30 + path.length + packed.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(Object.keys(files).length, 4)
  end.writeUInt16LE(Object.keys(files).length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Uint8Array.from(Buffer.concat([...locals, directory, Buffer.from("PK\x05\x06", "latin1"), end]))
}
