// What the pmtiles library finds in an archive: node pmtiles.mjs FILE Z X Y
import { open } from 'node:fs/promises'
import { PMTiles } from 'pmtiles'

const [name, ...place] = process.argv.slice(2)
const file = await open(name)
const archive = new PMTiles({
  getKey: () => name,
  getBytes: async (offset, length) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return { data: buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + bytesRead) }
  }
})
const header = await archive.getHeader()
const metadata = await archive.getMetadata()
const tile = await archive.getZxy(...place.map(Number))
const beside = await archive.getZxy(header.maxZoom + 1, 0, 0)
await file.close()
console.log(JSON.stringify({
  zooms: [header.minZoom, header.maxZoom],
  type: header.tileType,
  bounds: [header.minLon, header.minLat, header.maxLon, header.maxLat],
  name: metadata.name,
  tile: tile && Buffer.from(tile.data).toString('base64'),
  beside: beside === undefined
}))
