// `report.html`: one file that holds everything it needs and loads nothing. Called by the demo at its end.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { chartData } from "./chart-data.ts"
import { Html, html, jsonForScript } from "./html.ts"
import type { ReportData } from "./report.ts"
import * as sections from "./sections.ts"

/** The browser itself is forbidden to fetch anything. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

export function renderReport(data: ReportData): string {
  const columns = chartData(data)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="color-scheme" content="light dark" />
        <title>${data.report.ok ? "Held" : "Broken"}: release report</title>
        <style>
          ${library("uplot/dist/uPlot.min.css")}
        </style>
        <style>
          ${own("report.css")}
        </style>
      </head>
      <body>
        <main>
          ${sections.verdict(data, columns)} ${sections.promises(data)} ${sections.failures(data, columns)}
          ${sections.charts(data, columns)} ${sections.releases(data, columns)} ${sections.facts(data)} ${sections.footer(data, columns)}
        </main>
        <div id="how" role="tooltip" hidden></div>
        <script type="application/json" id="data">
          ${jsonForScript(columns)}
        </script>
        <script>
          ${library("uplot/dist/uPlot.iife.min.js")}
        </script>
        <script>
          ${own("charts.browser.js")}
        </script>
      </body>
    </html> `.text
}

const library = (path: string) => new Html(readFileSync(createRequire(import.meta.url).resolve(path), "utf8"))
const own = (file: string) => new Html(readFileSync(new URL(file, import.meta.url), "utf8"))
