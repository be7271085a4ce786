// Bundle the page that uses @arcgis/core, and the part of it that runs in workers: node build.mjs
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const common = { bundle: true, minify: true, logLevel: 'error', target: 'es2023', outdir: here('build') }
await build({ ...common, format: 'esm', splitting: true, entryPoints: { arcgis: here('arcgis.mjs') } })
// Its workers load their code with importScripts, which knows no modules.
await build({
  ...common,
  format: 'iife',
  globalName: 'RemoteClient',
  logOverride: { 'empty-import-meta': 'silent' },
  entryPoints: { worker: here('node_modules/@arcgis/core/core/workers/RemoteClient.js') }
})
