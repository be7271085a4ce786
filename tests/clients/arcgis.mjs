// Layers of @arcgis/core on an image service; each kind hands back what it saw, beside the picture on screen.
import config from '@arcgis/core/config.js'
import Map from '@arcgis/core/Map.js'
import MapView from '@arcgis/core/views/MapView.js'
import Extent from '@arcgis/core/geometry/Extent.js'
import Point from '@arcgis/core/geometry/Point.js'
import Polygon from '@arcgis/core/geometry/Polygon.js'
import Polyline from '@arcgis/core/geometry/Polyline.js'
import ImageryLayer from '@arcgis/core/layers/ImageryLayer.js'
import ImageryTileLayer from '@arcgis/core/layers/ImageryTileLayer.js'
import ElevationLayer from '@arcgis/core/layers/ElevationLayer.js'
import WMSLayer from '@arcgis/core/layers/WMSLayer.js'
import WMTSLayer from '@arcgis/core/layers/WMTSLayer.js'
import WebTileLayer from '@arcgis/core/layers/WebTileLayer.js'
import DimensionalDefinition from '@arcgis/core/layers/support/DimensionalDefinition.js'
import SpatialReference from '@arcgis/core/geometry/SpatialReference.js'
import MosaicRule from '@arcgis/core/layers/support/MosaicRule.js'
import RasterFunction from '@arcgis/core/layers/support/RasterFunction.js'
import * as imageService from '@arcgis/core/rest/imageService.js'
import * as restQuery from '@arcgis/core/rest/query.js'
import TimeExtent from '@arcgis/core/time/TimeExtent.js'
import RasterStretchRenderer from '@arcgis/core/renderers/RasterStretchRenderer.js'
import * as reactiveUtils from '@arcgis/core/core/reactiveUtils.js'

config.assetsPath = new URL('node_modules/@arcgis/core/assets', location.href).href
config.request.useIdentity = false
config.workers.workerPath = new URL('build/worker.js', location.href).href

const numbers = (text) => text.split(',').map(Number)

function extentOf (query) {
  const [xmin, ymin, xmax, ymax] = numbers(query.get('bbox'))
  return new Extent({ xmin, ymin, xmax, ymax, spatialReference: { wkid: Number(query.get('wkid') || 3857) } })
}

/** Draw layers into a view of 512 pixels a side and wait until nothing moves. */
async function drawn (layer, query) {
  const extent = extentOf(query)
  const view = new MapView({
    container: 'map',
    map: new Map({ layers: [layer] }),
    extent,
    spatialReference: extent.spatialReference,
    constraints: { snapToZoom: false, rotationEnabled: false },
    ui: { components: [] }
  })
  await view.when()
  const layerView = await view.whenLayerView(layer)
  await reactiveUtils.whenOnce(() => !view.updating && !layerView.updating)
  return { view, layerView }
}

const place = (query) => {
  const [x, y] = numbers(query.get('point'))
  return new Point({ x, y, spatialReference: { wkid: 4326 } })
}

/** What a request chooses: a mosaic rule as JSON, a condition, a time. */
async function choosing (url, query) {
  const layer = new ImageryLayer({ url, format: 'lerc', interpolation: 'nearest' })
  if (query.get('rule')) layer.mosaicRule = MosaicRule.fromJSON(JSON.parse(query.get('rule')))
  if (query.get('where')) layer.definitionExpression = query.get('where')
  await layer.load()
  return layer
}

const timeOf = (query) => {
  if (!query.get('time')) return null
  const [start, end] = numbers(query.get('time'))
  return new TimeExtent({ start: new Date(start), end: new Date(end) })
}

const facts = (layer) => {
  const info = layer.serviceRasterInfo
  return {
    width: info.width,
    height: info.height,
    bandCount: info.bandCount,
    pixelType: info.pixelType,
    wkid: info.spatialReference.wkid,
    extent: info.extent.toJSON(),
    statistics: info.statistics
  }
}

const block = (pixelBlock) => ({
  width: pixelBlock.width,
  height: pixelBlock.height,
  pixelType: pixelBlock.pixelType,
  bands: pixelBlock.pixels.map((band) => Array.from(band)),
  mask: pixelBlock.mask ? Array.from(pixelBlock.mask) : null
})

const kinds = {
  async imagery (url, query) {
    const layer = new ImageryLayer({ url, format: query.get('format') || 'jpgpng' })
    await layer.load()
    const { view } = await drawn(layer, query)
    return { ...facts(layer), extent: view.extent.toJSON() }
  },
  async stretch (url, query) {
    const layer = new ImageryLayer({ url })
    const { view, layerView } = await drawn(layer, query)
    layer.renderer = new RasterStretchRenderer({
      stretchType: 'min-max',
      dynamicRangeAdjustment: false,
      customStatistics: [{ min: 1000, max: 4000, avg: 2500, stddev: 500 }]
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await reactiveUtils.whenOnce(() => !view.updating && !layerView.updating)
    return facts(layer)
  },
  async filter (url, query) {
    const layer = new ImageryLayer({ url, format: 'lerc' })
    let seen = null
    layer.pixelFilter = (data) => {
      const { pixels, mask } = data.pixelBlock
      if (!seen) seen = { ...block(data.pixelBlock), extent: data.extent.toJSON() }
      // High ground red, low ground blue.
      const high = pixels[0].map((value) => value > 2500 ? 255 : 0), low = high.map((value) => 255 - value)
      data.pixelBlock.pixels = [new Uint8Array(high), new Uint8Array(high.length), new Uint8Array(low)]
      data.pixelBlock.pixelType = 'u8'
      data.pixelBlock.statistics = null
      data.pixelBlock.mask = mask
    }
    await drawn(layer, query)
    return seen
  },
  async pixels (url, query) {
    const layer = new ImageryLayer({ url })
    await layer.load()
    const [width, height] = numbers(query.get('size') || '64,64')
    const found = await layer.fetchPixels(extentOf(query), width, height)
    return block(found.pixelData?.pixelBlock ?? found.pixelBlock)
  },
  async chosen (url, query) {
    const layer = await choosing(url, query)
    const [width, height] = numbers(query.get('size'))
    const found = await layer.fetchPixels(extentOf(query), width, height, { timeExtent: timeOf(query) })
    return {
      ...block(found.pixelData?.pixelBlock ?? found.pixelBlock),
      sourceType: layer.sourceType,
      hasMultidimensions: layer.hasMultidimensions,
      timeInfo: layer.timeInfo?.toJSON() ?? null,
      variables: layer.serviceRasterInfo.multidimensionalInfo?.variables ?? null
    }
  },
  async items (url, query) {
    const layer = await choosing(url, query)
    const [x, y] = numbers(query.get('point'))
    const geometry = new Point({ x, y, spatialReference: { wkid: Number(query.get('wkid')) } })
    const found = await layer.identify({
      geometry, returnCatalogItems: true, returnPixelValues: true, returnGeometry: true, timeExtent: timeOf(query)
    })
    const rasters = await layer.queryRasters({ where: query.get('where') || '1=1', outFields: ['Name', 'Cloud'], returnGeometry: true, orderByFields: ['Cloud'] })
    return {
      value: found.value,
      values: found.properties?.Values ?? null,
      items: found.catalogItems?.features.map((one) => one.attributes.OBJECTID) ?? null,
      visibilities: found.catalogItemVisibilities,
      rasters: rasters.features.map((one) => ({ ...one.attributes, wkid: one.geometry.spatialReference.wkid, rings: one.geometry.rings.length })),
      count: await layer.queryRasterCount({ where: "State = 'ND'" }),
      ids: await layer.queryObjectIds({ where: 'Cloud > 20' })
    }
  },
  async identify (url, query) {
    const layer = new ImageryLayer({ url })
    await layer.load()
    const found = await layer.identify({ geometry: place(query), returnPixelValues: true, returnGeometry: false })
    return { value: found.value, name: found.name, facts: facts(layer) }
  },
  async samples (url, query) {
    const layer = new ImageryLayer({ url })
    await layer.load()
    const found = await layer.getSamples({ geometry: place(query), returnFirstValueOnly: true })
    return found.samples.map((sample) => ({ value: sample.pixelValue, resolution: sample.resolution }))
  },
  /** Every method of a layer and of the module of image services: what it gives, or the error that it ends with. */
  async methods (url, query) {
    const layer = new ImageryLayer({ url })
    await layer.load()
    const [x, y] = numbers(query.get('point'))
    const wkid = Number(query.get('wkid'))
    const geometry = new Point({ x, y, spatialReference: { wkid } })
    const extent = extentOf(query)
    const { xmin, ymin, xmax, ymax } = extent
    const polygon = Polygon.fromExtent(extent)
    const corner = new Point({ x: xmax, y: ymax, spatialReference: { wkid } })
    const line = new Polyline({ paths: [[[xmin, ymin], [xmax, ymax]]], spatialReference: { wkid } })
    const definition = query.get('definition') ? JSON.parse(query.get('definition')) : null
    const mosaicRule = definition ? new MosaicRule({ multidimensionalDefinition: definition.map((one) => new DimensionalDefinition(one)) }) : undefined
    const rasterFunction = new RasterFunction({ functionName: 'Stretch', functionArguments: { StretchType: 5, DRA: true } })
    const id = Number(query.get('id') || 1)
    const calls = {
      samples: () => layer.getSamples({ geometry, returnFirstValueOnly: false, outFields: ['*'], mosaicRule }),
      firstSample: () => layer.getSamples({ geometry, mosaicRule }),
      seriesSamples: () => layer.getSamples({ geometry, returnFirstValueOnly: false, timeExtent: timeOf(query) }),
      lineSamples: () => layer.getSamples({ geometry: line, sampleCount: 5, mosaicRule, timeExtent: timeOf(query), interpolation: 'bilinear' }),
      identify: () => layer.identify({ geometry, mosaicRule, returnCatalogItems: true }),
      identifyAll: () => layer.identify({ geometry, mosaicRule, returnCatalogItems: true, processAsMultidimensional: true }),
      identifyPolygon: () => layer.identify({ geometry: polygon, mosaicRule, timeExtent: timeOf(query) }),
      identifyRules: () => layer.identify({ geometry, rasterFunctions: [rasterFunction, new RasterFunction({ functionName: 'None' })], pixelSize: { x: 1, y: 1, spatialReference: { wkid: 4326 } } }),
      visible: () => layer.queryVisibleRasters({ geometry, outFields: ['Raster.ServicePixelValue', 'Name'], outSpatialReference: new SpatialReference({ wkid: 3857 }) }, { returnDomainValues: true }),
      histograms: () => layer.computeHistograms({ geometry: polygon, mosaicRule }),
      statistics: () => layer.computeStatisticsHistograms({ geometry: extent, rasterFunction, timeExtent: timeOf(query) }),
      variableStatistics: () => layer.fetchVariableStatisticsHistograms(query.get('variable')),
      query: () => layer.queryRasters({ where: '1=1', outFields: ['*'], returnGeometry: true }),
      count: () => layer.queryRasterCount({ where: '1=1' }),
      ids: () => layer.queryObjectIds({ where: '1=1' }),
      extent: () => layer.queryExtent({ where: 'OBJECTID = 1' }),
      itemInfo: () => layer.getCatalogItemRasterInfo(id),
      itemICS: () => layer.getCatalogItemICSInfo(id),
      boundary: () => layer.queryBoundary({ outSpatialReference: { wkid: 4326 } }),
      keyProperties: () => layer.fetchKeyProperties(),
      attributeTable: () => layer.fetchRasterAttributeTable(),
      rasterInfo: () => layer.generateRasterInfo(rasterFunction),
      angles: () => layer.computeAngles({ rasterId: id, point: geometry, spatialReference: { wkid }, angleNames: ['north', 'up'] }),
      pixelLocation: () => layer.computePixelSpaceLocations({ rasterId: id, geometries: [geometry] }),
      volume: () => layer.calculateVolume({ geometries: [polygon], baseType: 'constant', constantZ: 0 }),
      distance: () => layer.measureDistanceAndAngle({ fromGeometry: geometry, toGeometry: corner, linearUnit: 'kilometers', angularUnit: 'degrees' }),
      area: () => layer.measureAreaAndPerimeter({ geometry: polygon, linearUnit: 'kilometers', areaUnit: 'square-kilometers' }),
      centroid: () => layer.measurePointOrCentroid({ geometry: polygon }),
      height: () => layer.measureHeight({ fromGeometry: geometry, toGeometry: corner, operationType: 'base-and-top' }),
      lengthFromImage: () => layer.measureLengthFromImage({ geometry: line, rasterId: id }),
      areaFromImage: () => layer.measureAreaFromImage({ geometry: polygon, rasterId: id }),
      imageToMap: () => layer.imageToMap({ geometry, rasterId: id }),
      multiray: () => layer.imageToMapMultiray({ geometries: [geometry], rasterIds: [id] }),
      mapToImage: () => layer.mapToImage({ geometry, rasterId: id }),
      find: () => layer.findImages({ fromGeometry: geometry, toGeometry: corner, maxCount: 2 }),
      gps: () => layer.queryGPSInfo({ where: '1=1' }),
      imageUrl: () => layer.getImageUrl({ rasterId: id }),
      // The module itself does not look at the version or at the capabilities of the service.
      restAngles: () => imageService.computeAngles(url, { rasterId: id, point: geometry, angleNames: ['north'] }),
      restPixelLocation: () => imageService.computePixelSpaceLocations(url, { rasterId: id, geometries: [geometry] }),
      restVolume: () => imageService.calculateVolume(url, { geometries: [polygon], baseType: 'constant', constantZ: 0 }),
      restHeight: () => imageService.measureHeight(url, { fromGeometry: geometry, toGeometry: corner, operationType: 'base-and-top' }),
      restLength: () => imageService.measureLengthFromImage(url, { geometry: line, rasterId: id }),
      restArea: () => imageService.measureAreaFromImage(url, { geometry: polygon, rasterId: id }),
      restImageToMap: () => imageService.imageToMap(url, { geometry, rasterId: id }),
      restMultiray: () => imageService.imageToMapMultiray(url, { geometries: [geometry], rasterIds: [id] }),
      restMapToImage: () => imageService.mapToImage(url, { geometry, rasterId: id }),
      restFind: () => imageService.findImages(url, { fromGeometry: geometry, toGeometry: corner, maxCount: 2 }),
      restGPS: () => imageService.queryGPSInfo(url, { where: '1=1' }),
      restImageUrl: () => imageService.getImageUrl(url, { rasterId: id }),
      restQuery: async () => (await restQuery.executeQueryJSON(url, { where: '1=1', outFields: ['*'], returnGeometry: false })).features.map((one) => one.attributes)
    }
    const found = {}
    for (const [name, call] of Object.entries(calls)) {
      try {
        const answer = await call()
        found[name] = { value: answer?.toJSON ? answer.toJSON() : JSON.parse(JSON.stringify(answer ?? null)) }
      } catch (error) {
        found[name] = { error: error.name, message: error.message, details: error.details?.messages ?? null, httpStatus: error.details?.httpStatus ?? null, isEsri: Boolean(error.name) }
      }
    }
    return found
  },
  async histograms (url, query) {
    const layer = new ImageryLayer({ url })
    await layer.load()
    return await layer.computeStatisticsHistograms({ geometry: extentOf(query) })
  },
  async tiles (url, query) {
    const layer = new ImageryTileLayer({ url })
    await layer.load()
    const { view } = await drawn(layer, query)
    const value = await layer.identify(place(query))
    return { ...facts(layer), view: view.extent.toJSON(), value: value.value }
  },
  /** A tile layer on a service of several slices: what it reads at a place, in one slice and in all. */
  async slicetiles (url, query) {
    const layer = new ImageryTileLayer({ url })
    await layer.load()
    const definition = JSON.parse(query.get('definition'))
    layer.multidimensionalDefinition = definition.map((one) => new DimensionalDefinition(one))
    await drawn(layer, query)
    const value = await layer.identify(place(query))
    const samples = await layer.getSamples({ geometry: place(query), mosaicRule: new MosaicRule({ multidimensionalDefinition: layer.multidimensionalDefinition }) })
    const statistics = await layer.computeStatisticsHistograms({ geometry: extentOf(query) }).catch((error) => ({ error: error.message }))
    return { value: value.value, samples: samples.samples.map((one) => one.pixelValue), statistics, variables: layer.serviceRasterInfo.multidimensionalInfo?.variables.map((one) => one.name) ?? null }
  },
  async elevation (url, query) {
    const layer = new ElevationLayer({ url })
    await layer.load()
    const found = await layer.queryElevation(place(query), { demResolution: 'finest-contiguous' })
    return { z: found.geometry.z, rows: layer.tileInfo.size }
  },
  async wms (_, query) {
    const layer = new WMSLayer({ url: `${query.get('server')}/wms`, version: query.get('version'), imageTransparency: true })
    await layer.load()
    const names = layer.allSublayers.map((each) => each.name).toArray()
    layer.sublayers = [layer.findSublayerByName(query.get('service'))]
    await drawn(layer, query)
    return { names, version: layer.version, title: layer.title }
  },
  async wmts (_, query) {
    const layer = new WMTSLayer({
      url: `${query.get('server')}/wmts`,
      serviceMode: query.get('mode'),
      activeLayer: { id: query.get('service'), tileMatrixSetId: query.get('set') || undefined, styleId: query.get('style') || undefined }
    })
    await layer.load()
    await drawn(layer, query)
    const active = layer.activeLayer
    return {
      names: layer.sublayers.map((each) => each.id).toArray(),
      set: active.tileMatrixSetId,
      sets: active.tileMatrixSets.map((each) => each.id).toArray(),
      styles: active.styles.map((each) => each.id).toArray()
    }
  },
  async webtile (_, query) {
    const layer = new WebTileLayer({ urlTemplate: `${query.get('server')}/tiles/${query.get('service')}/{level}/{col}/{row}.png` })
    await drawn(layer, query)
    return {}
  }
}

export async function run (query) {
  const url = `${query.get('server')}/arcgis/rest/services/${query.get('service')}/ImageServer`
  return await kinds[query.get('kind')](url, query)
}
