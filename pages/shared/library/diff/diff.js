// Draws two texts side by side. Everything that somebody wrote goes through textContent.
export default function (component) {
  const { parentElement, data } = component
  const table = parentElement.querySelector("table")
  const note = parentElement.querySelector(".note")
  note.hidden = false
  note.textContent = data.note
  const signature = JSON.stringify(data)
  if (table.signature === signature) return // a rerun must not close what the reader unfolded
  table.signature = signature
  table.setAttribute("aria-label", data.label)
  table.replaceChildren(columns(), head(data.left, data.right))
  for (const block of data.blocks) {
    const body = document.createElement("tbody")
    for (const row of block.rows) body.append(line(row))
    if (block.fold) {
      body.hidden = true
      table.append(fold(block.rows.length, body))
    }
    table.append(body)
  }
}

function columns() {
  const group = document.createElement("colgroup")
  for (const name of ["number", "sign", "text", "number", "sign", "text"]) {
    const column = document.createElement("col")
    column.className = name
    group.append(column)
  }
  return group
}

function head(left, right) {
  const head = document.createElement("thead")
  const row = document.createElement("tr")
  for (const title of [left, right]) {
    const cell = document.createElement("th")
    cell.colSpan = 3
    cell.scope = "colgroup"
    cell.textContent = title
    row.append(cell)
  }
  head.append(row)
  return head
}

function fold(count, body) {
  const group = document.createElement("tbody")
  const row = document.createElement("tr")
  const cell = document.createElement("td")
  const button = document.createElement("button")
  cell.colSpan = 6
  cell.className = "fold"
  button.type = "button"
  button.textContent = `Show ${count} unchanged lines`
  button.onclick = () => {
    body.hidden = false
    group.remove()
  }
  cell.append(button)
  row.append(cell)
  group.append(row)
  return group
}

function line(row) {
  const element = document.createElement("tr")
  const changed = row.kind === "changed"
  side(element, row.ln, row.l, changed || row.kind === "removed" ? "−" : "", "old", changed, "removed")
  side(element, row.rn, row.r, changed || row.kind === "added" ? "+" : "", "new", changed, "added")
  return element
}

function side(row, number, pieces, sign, name, changed, spoken) {
  const [count, mark, text] = [0, 1, 2].map(() => document.createElement("td"))
  count.className = "number"
  count.textContent = number ?? ""
  mark.className = "sign"
  mark.textContent = sign
  if (sign) mark.setAttribute("aria-label", changed ? "changed" : spoken)
  text.className = "text"
  if (pieces === null) for (const cell of [count, mark, text]) cell.classList.add("none")
  else if (sign) for (const cell of [count, mark, text]) cell.classList.add(name)
  for (const [words, marked] of pieces ?? []) {
    const piece = document.createElement(marked ? (name === "old" ? "del" : "ins") : "span")
    piece.textContent = seen(words, marked)
    text.append(piece)
  }
  row.append(count, mark, text)
}

// Characters that cannot be seen, or that turn the reading direction, are spelled out; of line ends only a changed one.
function seen(words, marked) {
  const shown = words.replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, (character) =>
    `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`
  )
  return marked ? shown.replaceAll("\r", "␍").replaceAll("\t", "⇥\t") : shown
}
