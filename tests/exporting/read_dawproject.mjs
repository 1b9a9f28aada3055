// Opens a DAWproject with npm's @opendaw/lib-dawproject, and tells what it found there as JSON.
// node read_dawproject.mjs FOLDER_WITH_NODE_MODULES FILE
import { readFileSync } from "node:fs"
import { createRequire, register } from "node:module"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

// The library is made for bundlers: its modules name each other without their endings.
const hook = `export const resolve = async (name, context, next) => {
  try { return await next(name, context) } catch (error) {
    if (!name.startsWith(".")) throw error
    return next(name + ".js", context).catch(() => next(name + "/index.js", context))
  }
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const [folder, file] = process.argv.slice(2)
const from = createRequire(pathToFileURL(join(resolve(folder), "package.json")))
const load = name => import(pathToFileURL(from.resolve(name)))
const { JSDOM } = from("jsdom")
const { window } = new JSDOM()
Object.assign(globalThis, { DOMParser: window.DOMParser, Element: window.Element })

const { Xml } = await load("@opendaw/lib-xml")
const schemas = await load("@opendaw/lib-dawproject")
const { default: JSZip } = await load("jszip")

const archive = await JSZip.loadAsync(readFileSync(file))
const text = name => archive.file(name).async("string")
const project = Xml.parse(await text("project.xml"), schemas.ProjectSchema)
const metadata = Xml.parse(await text("metadata.xml"), schemas.MetaDataSchema)

const track = ({ name, channel, tracks }) => ({
  name,
  role: channel.role,
  volume: channel.volume?.value,
  pan: channel.pan && schemas.ParameterDecoder.readValue(channel.pan),
  muted: channel.mute?.value,
  sends: (channel.sends ?? []).map(send => [send.type, send.volume.value]),
  devices: (channel.devices ?? []).map(device => device.deviceName),
  tracks: (tracks ?? []).map(track),
})
const lanes = project.arrangement?.lanes?.lanes ?? []
console.log(JSON.stringify({
  title: metadata.title,
  version: project.version,
  application: project.application.name,
  tracks: project.structure.map(track),
  lanes: lanes.length,
  audio: Object.keys(archive.files).filter(name => name.endsWith(".wav")),
}))
