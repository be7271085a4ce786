// Draw pages in Chromium and save pictures: node draw.mjs CHROMIUM < [{"url", "file", "width"?, ...}, ...]
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const jobs = JSON.parse(readFileSync(0, 'utf8'))
const browser = await chromium.launch({
  executablePath: process.argv[2],
  // WebGL is drawn by SwiftShader, in software: the same on every machine.
  args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
    '--ignore-gpu-blocklist', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--no-first-run', '--disable-quic']
})
const results = []
for (const job of jobs) {
  const context = await browser.newContext({
    viewport: { width: job.width ?? 512, height: job.height ?? 512 },
    colorScheme: job.dark ? 'dark' : 'light',
    deviceScaleFactor: 1
  })
  const page = await context.newPage()
  const messages = [], requests = []
  page.on('console', (message) => { if (message.type() === 'error') messages.push(message.text()) })
  page.on('pageerror', (error) => messages.push(String(error)))
  page.on('request', (request) => requests.push(request.url()))
  let title = ''
  try {
    await page.goto(job.url)
    if (job.wait) await page.waitForSelector(job.wait, { timeout: 30000 })
    else await page.waitForFunction(() => /^(ready|failed)/.test(document.title), null, { timeout: job.patience ?? 30000 })
    if (job.hover) { await page.mouse.move(...job.hover); await page.waitForTimeout(1200) }
    await page.waitForTimeout(job.settle ?? 300)
    title = await page.title()
    await page.screenshot({ path: job.file })
  } catch (error) {
    messages.push(String(error))
  }
  const text = await page.evaluate(() => document.body.innerText).catch(() => '')
  const outcome = await page.evaluate(() => window.outcome ?? null).catch(() => null)
  results.push({ title, messages, requests, text, outcome })
  await context.close()
}
await browser.close()
console.log(JSON.stringify(results))
