// Draws the ratings. Everything that somebody wrote goes through textContent.
export default function (component) {
  const { parentElement, data } = component
  const table = parentElement.querySelector("table")
  const signature = JSON.stringify(data)
  if (table.signature === signature) return
  table.signature = signature
  table.setAttribute("aria-label", data.label)
  const head = element("tr")
  ;["", "Contestant", "Rating", `${data.low} – ${data.high}`, ...data.heads].forEach((name, place) =>
    head.append(element("th", place > 3 ? "figure" : place === 3 ? "scale" : "", name, { scope: "col" })),
  )
  table.tHead.replaceChildren(head)
  table.tBodies[0].replaceChildren(...data.rows.map((row) => line(row, data)))
}

function line(row, data) {
  const drawn = element("tr")
  const name = element("th", "name", "", { scope: "row" })
  name.append(element("span", "", row.name), element("span", "about", row.about))
  drawn.append(element("td", "rank", row.rank), name, rating(row), bar(row, data))
  row.figures.forEach((text) => drawn.append(element("td", "figure", text)))
  return drawn
}

function rating(row) {
  const cell = element("td", "rating")
  const [low, high] = row.ci.map((value) => value.toFixed(0))
  cell.append(element("span", "", row.rating.toFixed(0)), element("span", "ci", `${low} – ${high}`))
  return cell
}

function bar(row, data) {
  const cell = element("td", "bar")
  const place = (value) => (100 * (value - data.low)) / (data.high - data.low)
  const [low, high] = row.ci
  const said = `${row.rating.toFixed(0)}, 95 % interval ${low.toFixed(0)} to ${high.toFixed(0)}`
  const track = element("div", "track", "", { role: "img", "aria-label": said, title: said })
  const mean = element("div", "mean")
  mean.style.left = `${place(1000)}%`
  const whisker = element("div", "whisker")
  whisker.style.left = `${place(low)}%`
  whisker.style.width = `${place(high) - place(low)}%`
  const point = element("div", "point")
  point.style.left = `${place(row.rating)}%`
  track.append(mean, whisker, point)
  cell.append(track)
  return cell
}

function element(tag, className = "", text = "", attributes = {}) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text) made.textContent = text
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value))
  return made
}
