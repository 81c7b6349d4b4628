// Draws the charts of the report from its own data, and shows how a number was got. Inlined into the page by render.ts.
;(() => {
  const { to, from, seconds, versions, failed, marks } = JSON.parse(document.getElementById("data").textContent)
  const durationS = (to - from) / 1000
  const paletteSize = 6
  const printWidth = 680
  const labelRows = 2
  const labelHeight = 15

  let charts = []
  drawAll()
  addEventListener("resize", drawAll)
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll)
  addEventListener("beforeprint", () => drawFor("paper"))
  addEventListener("afterprint", () => drawFor("screen"))
  explainNumbers()

  /** Paper is white, whatever the screen is, and as wide as it is. */
  function drawFor(medium) {
    document.documentElement.dataset.medium = medium
    drawAll()
  }

  function drawAll() {
    for (const chart of charts) chart.destroy()
    charts = [drawShare(), drawLatency(), drawFailures()]
  }

  /** Each version's area lies over the one before it, so that a new version rises from the bottom. */
  function drawShare() {
    const totals = seconds.map((_, s) => sum(versions.map(({ requests }) => requests[s])))
    const stacked = versions.map((_, n) =>
      totals.map((total, s) => (total === 0 ? null : (100 * sum(versions.slice(n).map(({ requests }) => requests[s]))) / total)),
    )
    const series = versions.map(({ name, requests }, n) => ({
      label: name,
      fill: versionColor(n),
      width: 0,
      points: { show: false },
      value: (_, __, ___, s) =>
        s === null || s === undefined || totals[s] === 0 ? "" : `${Math.round((100 * requests[s]) / totals[s])} %`,
    }))
    const y = { scales: { y: { range: [0, 100] } }, axis: { values: (_, splits) => splits.map((v) => `${v} %`), space: 36 } }
    return draw("share", 150, stacked, series, y, { labels: true, lines: "--ink" })
  }

  function drawLatency() {
    const series = versions.flatMap(({ name }, n) => [
      { label: `${name} p99`, stroke: versionColor(n), width: 1.5, points: { show: false }, value: milliseconds },
      { label: `${name} p50`, stroke: versionColor(n), width: 1, dash: [3, 3], points: { show: false }, value: milliseconds },
    ])
    const columns = versions.flatMap(({ p50, p99 }) =>
      [p99, p50].map((column) => column.map((ms) => (ms === null ? null : Math.max(ms, 0.1)))),
    )
    const measured = columns.flat().filter((ms) => ms !== null)
    const [low, high] = [Math.min(1, ...measured), Math.max(10, ...measured)]
    const y = {
      scales: { y: { distr: 3, range: [10 ** Math.floor(Math.log10(low)), high * 1.3] } },
      axis: { values: (_, splits) => splits.map((v) => (v === null ? "" : v >= 1000 ? `${v / 1000} s` : `${v} ms`)) },
    }
    return draw("latency", 230, columns, series, y, { labels: true })
  }

  function drawFailures() {
    const series = [
      {
        label: "failed",
        fill: color("--bad"),
        stroke: color("--bad"),
        width: 0,
        paths: uPlot.paths.bars({ size: [0.8, 12] }),
        points: { show: false },
      },
    ]
    const y = {
      scales: { y: { range: [0, Math.max(4, ...failed)] } },
      axis: { space: 24, values: (_, splits) => splits.map((v) => (Number.isInteger(v) ? v : "")) },
    }
    return draw("failures", 90, [failed], series, y, { labels: false })
  }

  function draw(id, height, columns, series, y, { labels, lines }) {
    const place = document.getElementById(id)
    const { left, right } = gutters()
    const axis = {
      stroke: color("--quiet"),
      font: "12px system-ui, sans-serif",
      ticks: { show: false },
      grid: { stroke: color("--rule"), width: 1 },
    }
    const options = {
      width: document.documentElement.dataset.medium === "paper" ? printWidth : place.clientWidth,
      height: height + (labels ? labelRows * labelHeight : 0),
      padding: [labels ? labelRows * labelHeight + 4 : 6, right, 0, 0],
      cursor: { y: false, points: { show: false }, sync: { key: "report" }, drag: { x: false, y: false } },
      legend: { live: true },
      scales: { x: { time: false, range: [0, durationS] }, ...y.scales },
      axes: [
        {
          ...axis,
          size: 26,
          space: 60,
          incrs: [1, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600],
          values: (_, splits) => splits.map(clock),
        },
        { ...axis, size: left, gap: 4, ...y.axis },
      ],
      series: [{ label: "at", value: (_, s) => (s === null ? "" : clock(s)) }, ...series],
      hooks: { draw: [(plot) => drawMarks(plot, { labels, lines })] },
    }
    return new uPlot(options, [seconds, ...columns], place)
  }

  /** A line for each mark; its label where there is room for it, the rarest kinds first. The list under the charts has them all. */
  function drawMarks(plot, { labels, lines }) {
    const { ctx, bbox } = plot
    const ratio = devicePixelRatio
    ctx.save()
    ctx.font = `${12 * ratio}px system-ui, sans-serif`
    ctx.textBaseline = "middle"
    ctx.textAlign = "left"
    const rows = Array.from({ length: labelRows }, () => [])
    const rank = { fault: 0, rollback: 1, contract: 2, release: 3 }
    for (const mark of marks.toSorted((a, b) => rank[a.kind] - rank[b.kind])) {
      const x = Math.round(plot.valToPos(mark.at, "x", true))
      ctx.fillStyle = color(`--${mark.kind}`)
      ctx.strokeStyle = lines === undefined ? ctx.fillStyle : color(lines)
      ctx.globalAlpha = 0.75
      ctx.lineWidth = ratio
      ctx.setLineDash([2 * ratio, 2 * ratio])
      line(ctx, x, bbox.top, bbox.top + bbox.height)
      if (!labels) continue
      const width = ctx.measureText(mark.label).width
      const start = Math.min(x + 3 * ratio, bbox.left + bbox.width - width)
      const row = rows.findIndex((taken) => taken.every(([a, b]) => start + width + 8 * ratio < a || start > b + 8 * ratio))
      if (row === -1) continue
      rows[row].push([start, start + width])
      const middle = bbox.top - (row + 0.5) * labelHeight * ratio - 2 * ratio
      line(ctx, x, middle, bbox.top)
      ctx.globalAlpha = 1
      ctx.fillText(mark.label, start, middle)
    }
    ctx.restore()
  }

  function line(ctx, x, from, to) {
    ctx.beginPath()
    ctx.moveTo(x, from)
    ctx.lineTo(x, to)
    ctx.stroke()
  }

  /** One tooltip for all numbers, by pointer, keyboard or tap. */
  function explainNumbers() {
    const how = document.getElementById("how")
    const show = ({ target }) => {
      const figure = target.closest?.("[data-how]")
      how.hidden = !figure
      if (!figure) return
      how.textContent = figure.dataset.how
      const box = figure.getBoundingClientRect()
      const left = Math.max(12, Math.min(box.left, innerWidth - how.offsetWidth - 12))
      const above = box.top - how.offsetHeight - 7
      how.style.left = `${left}px`
      how.style.top = `${above < 8 ? box.bottom + 7 : above}px`
    }
    const hide = () => (how.hidden = true)
    addEventListener("pointerover", show)
    addEventListener("focusin", show)
    addEventListener("focusout", hide)
    addEventListener("scroll", hide, { passive: true })
    addEventListener("keydown", ({ key }) => key === "Escape" && hide())
    for (const figure of document.querySelectorAll("[data-how]")) figure.setAttribute("aria-description", figure.dataset.how)
  }

  function gutters() {
    const style = getComputedStyle(document.querySelector(".lanes"))
    return { left: Number.parseFloat(style.marginLeft), right: Number.parseFloat(style.marginRight) }
  }

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  }

  function versionColor(n) {
    return color(`--version-${n % paletteSize}`)
  }

  function milliseconds(_, ms) {
    return ms === null || ms === undefined ? "" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  }

  function clock(seconds) {
    return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
  }

  function sum(numbers) {
    return numbers.reduce((a, b) => a + b, 0)
  }
})()
