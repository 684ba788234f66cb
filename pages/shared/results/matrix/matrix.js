// Draws rows and cells and reports the chosen cell. Everything that somebody wrote goes through textContent.
// Only what differs is drawn anew: a table that is polled must not lose the focus or the place it was scrolled to.
const WORDS = { passed: "✓ passed", failed: "✗ failed", unjudged: "? no verdict", error: "! error" }

export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const table = parentElement.querySelector("table")
  table.setAttribute("aria-label", data.label)
  drawHead(table.tHead, data.names)
  const body = table.tBodies[0]
  while (body.rows.length > data.rows.length) body.lastElementChild.remove()
  data.rows.forEach((row, place) => {
    const chosen = data.chosen.startsWith(`${row.n}-`) ? data.chosen : ""
    const signature = JSON.stringify([row, chosen, data.names.length])
    const old = body.rows[place]
    if (old?.signature === signature) return
    const drawn = drawRow(row, chosen, data.names, (id) => setTriggerValue("chosen", id))
    drawn.signature = signature
    const focused = old?.contains(old.getRootNode().activeElement) ? old.getRootNode().activeElement.dataset.id : null
    old ? old.replaceWith(drawn) : body.append(drawn)
    if (focused) drawn.querySelector(`button[data-id="${focused}"]`)?.focus({ preventScroll: true })
  })
}

function drawHead(head, names) {
  const signature = JSON.stringify(names)
  if (head.signature === signature) return
  head.signature = signature
  const row = element("tr")
  ;["Row", ...names].forEach((name) => row.append(element("th", "", name, { scope: "col" })))
  head.replaceChildren(row)
}

function drawRow(row, chosen, names, choose) {
  const line = element("tr")
  const head = element("th", "", "", { scope: "row" })
  head.append(element("span", "number", String(row.n)), element("span", "about", row.about))
  line.append(head)
  if (row.broken !== null) {
    const cell = element("td", "broken", `! ${row.broken}`)
    cell.colSpan = names.length
    line.append(cell)
    return line
  }
  row.cells.forEach((cells, place) => {
    const box = element("td")
    cells.forEach((cell) => box.append(drawCell(cell, row, names[place], chosen === cell.id, choose)))
    if (!cells.length) box.append(element("span", "waiting", "not asked yet"))
    line.append(box)
  })
  return line
}

function drawCell(cell, row, name, chosen, choose) {
  const button = element("button", `cell ${cell.status}`, "", { type: "button" })
  button.dataset.id = cell.id
  button.setAttribute("aria-pressed", String(chosen))
  const head = element("span", "head")
  head.append(element("span", "sign", WORDS[cell.status]))
  if (cell.score !== null) head.append(element("span", "score", cell.score.toFixed(2)))
  if (cell.person) head.append(element("span", "person", "by a person"))
  button.append(head, element("span", "text", cell.text + (cell.more ? "…" : "")))
  if (cell.reason) button.append(element("span", "reason", cell.reason))
  button.setAttribute("aria-label", `Open row ${row.n}, ${name}: ${cell.status}`)
  button.onclick = () => choose(cell.id)
  return button
}

function element(tag, className = "", text = "", attributes = {}) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text) made.textContent = text
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value))
  return made
}
