// Draws the leaderboard. Everything that somebody wrote goes through textContent.
export default function (component) {
  const { parentElement, data } = component
  const table = parentElement.querySelector("table")
  const signature = JSON.stringify(data)
  if (table.signature === signature) return
  table.signature = signature
  table.setAttribute("aria-label", data.label)
  const head = element("tr")
  ;["", "Variant", "Passed", "", ...data.heads].forEach((name, place) =>
    head.append(element("th", place > 3 ? "figure" : "", name, { scope: "col" })),
  )
  table.tHead.replaceChildren(head)
  table.tBodies[0].replaceChildren(...data.rows.map(line))
}

function line(row) {
  const drawn = element("tr")
  const name = element("th", "name", "", { scope: "row" })
  name.append(element("span", "", row.name))
  if (row.model) name.append(element("span", "model", row.model))
  drawn.append(element("td", "rank", row.rank), name, share(row), bar(row))
  row.figures.forEach((text) => drawn.append(element("td", "figure", text)))
  return drawn
}

function share(row) {
  const cell = element("td", "share")
  if (row.share === null) return cell
  cell.append(element("span", "", percent(row.share)), element("span", "ci", `${percent(row.ci[0], "")} – ${percent(row.ci[1], "")}`))
  return cell
}

function bar(row) {
  const cell = element("td", "bar")
  if (row.share === null) return cell
  const said = `${percent(row.share)}, 95 % interval ${percent(row.ci[0])} to ${percent(row.ci[1])}`
  const track = element("div", "track", "", { role: "img", "aria-label": said, title: said })
  const fill = element("div", "fill")
  fill.style.width = `${100 * row.share}%`
  const whisker = element("div", "whisker")
  whisker.style.left = `${100 * row.ci[0]}%`
  whisker.style.width = `${100 * (row.ci[1] - row.ci[0])}%`
  track.append(fill, whisker)
  cell.append(track)
  return cell
}

function percent(share, unit = " %") {
  return (100 * share).toFixed(1) + unit
}

function element(tag, className = "", text = "", attributes = {}) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text) made.textContent = text
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value))
  return made
}
