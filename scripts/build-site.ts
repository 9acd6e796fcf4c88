/** Builds the API reference: what docgen wrote for each package, as a static site in `site/`. */
import { Marked } from "marked"
import { gfmHeadingId } from "marked-gfm-heading-id"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { packages } from "./consumer.ts"

interface Page {
  readonly title: string
  readonly path: string
  readonly markdown: string
}

const style = `
:root { color-scheme: light dark; --text: light-dark(#1c1e21, #e4e6e9); --soft: light-dark(#5c6370, #9aa1ac);
  --line: light-dark(#e3e5e8, #31353b); --code: light-dark(#f5f6f8, #1d2024); --link: light-dark(#0a58ca, #7ab7ff);
  --page: light-dark(#fff, #14161a) }
* { box-sizing: border-box }
body { margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr); color: var(--text); background: var(--page);
  font: 16px/1.6 system-ui, sans-serif }
nav { border-right: 1px solid var(--line); padding: 1.5rem; height: 100vh; overflow: auto; position: sticky; top: 0; font-size: .9rem }
nav ul { list-style: none; margin: .25rem 0 1.25rem; padding: 0 }
nav a[aria-current] { color: inherit; font-weight: 600; text-decoration: none }
main { max-width: 54rem; padding: 1.5rem 2.5rem 6rem }
a { color: var(--link) }
h1, h2 { line-height: 1.25; margin: 2.5rem 0 .75rem; scroll-margin-top: 1rem }
h1:first-child, h2:first-child { margin-top: 0 }
h2 { border-top: 1px solid var(--line); padding-top: 1.5rem }
hr { display: none }
pre, code { font: .875em/1.5 ui-monospace, monospace; background: var(--code); border-radius: 4px }
code { padding: .1em .3em }
pre { padding: 1rem; overflow: auto } pre code { padding: 0; background: none }
dt { margin-top: .75rem } dd { margin: 0; color: var(--soft) }
@media (max-width: 50rem) { body { display: block } nav { position: static; height: auto; border: 0 } main { padding: 1rem } }
`

/** The markdown of a page without the front matter, which only Jekyll reads. */
const withoutFrontMatter = (markdown: string): string => markdown.slice(markdown.indexOf("\n## "))

const pagesOf = (name: string, folder: string): ReadonlyArray<Page> =>
  readdirSync(join(folder, "docs/modules"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts.md") && file !== "index.ts.md")
    .sort()
    .map((file) => {
      const module = file.replace(/\.ts\.md$/, "")
      return {
        title: module,
        path: posix.join(name, `${module}.html`),
        markdown: withoutFrontMatter(readFileSync(join(folder, "docs/modules", file), "utf8"))
      }
    })

const renderer = new Marked(gfmHeadingId())

const toHtml = (markdown: string): string =>
  String(renderer.parse(markdown.replaceAll(/\{@link (\w+)\}/g, "`$1`"), { async: false }))

const site = packages.filter(({ isLibrary }) => isLibrary).map(({ folder, name }) => ({
  name,
  pages: pagesOf(name, folder)
}))

const link = (from: string, to: string): string => posix.relative(posix.dirname(from), to)

const navigation = (current: string): string =>
  `<a href="${link(current, "index.html")}">API reference</a>${
    site.map(({ name, pages }) =>
      `<p><strong>${name}</strong></p><ul>${
        pages.map(({ path, title }) =>
          `<li><a href="${link(current, path)}"${path === current ? " aria-current=\"page\"" : ""}>${title}</a></li>`
        ).join("")
      }</ul>`
    ).join("")
  }`

const layout = (path: string, title: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
<nav>${navigation(path)}</nav>
<main>${body}</main>
</html>
`

const write = (path: string, title: string, body: string): void => {
  mkdirSync(dirname(join("site", path)), { recursive: true })
  writeFileSync(join("site", path), layout(path, title, body))
}

/** The first paragraph below the heading: what the module is for. */
const summaryOf = ({ markdown }: Page): string => /^## .*\n+([\s\S]*?)\n\n/m.exec(markdown)?.[1] ?? ""

const index = site.map(({ name, pages }) =>
  `<h2>${name}</h2><dl>${
    pages.map((page) => `<dt><a href="${page.path}">${page.title}</a></dt><dd>${toHtml(summaryOf(page))}</dd>`).join("")
  }</dl>`
).join("")

rmSync("site", { recursive: true, force: true })
write("index.html", "effect-trustly API reference", `<h1>API reference</h1>${index}`)
for (const { name, pages } of site) {
  for (const { markdown, path, title } of pages) write(path, `${title} - ${name}`, toHtml(markdown))
}

/** A link of the site that leads nowhere: docgen and the site have to agree on the names of headings. */
const broken = site.flatMap(({ pages }) => pages).flatMap(({ path }) => {
  const html = readFileSync(join("site", path), "utf8")
  return [...html.matchAll(/href="#([^"]+)"/g)].flatMap(([, id]) => html.includes(`id="${id}"`) ? [] : `${path}#${id}`)
})
if (broken.length > 0) throw new Error(`broken links: ${broken.join(", ")}`)
process.stdout.write(`site/index.html: ${site.flatMap(({ pages }) => pages).length} modules\n`)
