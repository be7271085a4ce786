// Decode pictures in Chromium: node decode.mjs CHROMIUM < [{"type", "base64"}, ...] > [{"width", "height", "rgba"}]
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const pictures = JSON.parse(readFileSync(0, 'utf8'))
const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', '--disable-quic']
})
const page = await browser.newPage()
const decoded = await page.evaluate(async (pictures) => {
  const results = []
  for (const { type, base64 } of pictures) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const options = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' }
    const bitmap = await createImageBitmap(new Blob([bytes], { type }), options)
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
    const context = canvas.getContext('2d', { willReadFrequently: true })
    context.drawImage(bitmap, 0, 0)
    const rgba = context.getImageData(0, 0, bitmap.width, bitmap.height).data
    let text = ''
    for (const value of rgba) text += String.fromCharCode(value)
    results.push({ width: bitmap.width, height: bitmap.height, rgba: btoa(text) })
  }
  return results
}, pictures)
await browser.close()
console.log(JSON.stringify(decoded))
