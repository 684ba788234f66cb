// Draws the legend and a block for every sequence. All text goes through textContent.
const KINDS = [
  ["trained", "learned"],
  ["eos", "end of the answer, learned"],
  ["masked", "masked: read, not learned"],
  ["padding", "padding"],
]

export default function (component) {
  const { parentElement, data } = component
  const rows = parentElement.querySelector(".rows")
  rows.setAttribute("role", "group")
  rows.setAttribute("aria-label", data.label)
  parentElement.querySelector(".legend").replaceChildren(
    ...KINDS.map(([kind, words]) => {
      const item = part("div", "item")
      item.append(part("span", `sample ${kind}`, kind === "padding" ? "▒" : kind === "eos" ? "■" : "Aa"), words)
      return item
    }),
  )
  rows.replaceChildren(...data.rows.map(block))
}

function block(row) {
  const box = part("section", "row")
  const head = part("div", "head")
  head.append(part("strong", "", row.title), part("span", "about", row.about))
  const text = part("div", "text")
  let before = null
  row.tokens.forEach(([token, kind, number], place) => {
    if (row.cut && place === row.cutAt) text.append(part("span", "gap", ` … ${row.cut} tokens more … `))
    if (before !== null && number !== before) text.append(part("span", "border", ""))
    before = number
    const piece = part("span", kind, visible(token))
    if (token.includes("\n")) piece.append(document.createElement("br"))
    text.append(piece)
  })
  if (row.padding) text.append(part("span", "padding", `▒ × ${row.padding}`))
  box.append(head, text)
  return box
}

function part(tag, name, text) {
  const element = document.createElement(tag)
  if (name) element.className = name
  if (text !== undefined) element.textContent = text
  return element
}

// A token's white space is part of it: draw what would not be seen.
function visible(text) {
  if (text === "") return "·"
  return text.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll("\r", "␍")
}
