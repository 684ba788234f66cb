// Draws a text in pieces and reports the chosen chunk. Everything that somebody wrote goes through textContent.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const frame = parentElement.querySelector(".frame")
  const root = parentElement.querySelector(".document")
  frame.style.maxHeight = `${data.height}px`
  frame.setAttribute("role", "region")
  frame.setAttribute("aria-label", data.label)
  frame.choose = (number) => setTriggerValue("chosen", number)

  const text = JSON.stringify([data.pieces, data.clickable, data.before, data.after])
  if (frame.text !== text) {
    frame.text = text
    frame.scrollTop = 0
    root.replaceChildren(...drawn(data, frame))
  }
  mark(root, data.chosen)
  const focus = `${text.length}/${data.chosen}/${data.marked}/${root.querySelector(".marked")?.textContent}`
  if (frame.focused !== focus) {
    frame.focused = focus // only then: a rerun must not move what somebody is reading
    const target = root.querySelector(".marked") ?? root.querySelector(".chosen")
    if (target) requestAnimationFrame(() => reveal(frame, target))
  }
}

function drawn(data, frame) {
  const nodes = []
  if (data.before > 0) nodes.push(rule("rest", `${data.before.toLocaleString("en")} characters before this`))
  for (const piece of data.pieces) {
    if (piece.p) nodes.push(rule("page", piece.p))
    for (const chunk of piece.new) nodes.push(numbered(chunk, piece, data.clickable, frame))
    const element = document.createElement(piece.h ? "mark" : "span")
    element.textContent = seen(piece.t)
    element.className = classes(piece, data.clickable)
    element.chunks = piece.in
    if (piece.note) element.title = piece.note
    if (data.clickable && piece.in.length) {
      element.onclick = () => {
        // dragging over text selects it; that is not a choice
        if (String(document.getSelection()) === "") frame.choose(piece.in.at(-1))
      }
    }
    nodes.push(element)
  }
  if (data.after > 0) nodes.push(rule("rest", `${data.after.toLocaleString("en")} characters after this`))
  return nodes
}

function classes(piece, clickable) {
  const names = ["piece"]
  if (piece.in.length) names.push("chunk", `tint${piece.c}`)
  if (piece.in.length > 1) names.push("shared")
  if (piece.new.length) names.push("begins")
  if (piece.h) names.push("marked")
  if (clickable && piece.in.length) names.push("choosable")
  return names.join(" ")
}

function numbered(chunk, piece, clickable, frame) {
  const element = document.createElement(clickable ? "button" : "span")
  element.className = `number tint${piece.c}${chunk.warn ? " warn" : ""}`
  element.textContent = `${chunk.n}${chunk.warn ? " ⚠" : ""}`
  element.title = chunk.note
  element.number = chunk.n
  if (clickable) {
    element.type = "button"
    element.setAttribute("aria-label", `chunk ${chunk.n}, ${chunk.note}`)
    element.onclick = () => frame.choose(chunk.n)
  }
  return element
}

function rule(name, words) {
  const element = document.createElement("div")
  element.className = name
  element.textContent = words
  return element
}

function mark(root, chosen) {
  for (const element of root.children) {
    if (element.chunks) element.classList.toggle("chosen", chosen !== null && element.chunks.includes(chosen))
    if (element.tagName === "BUTTON") element.setAttribute("aria-pressed", String(element.number === chosen))
  }
}

// Scrolls the frame, never the page around it.
function reveal(frame, target) {
  const offset = target.getBoundingClientRect().top - frame.getBoundingClientRect().top
  frame.scrollTop += offset - Math.min(90, frame.clientHeight / 4)
}

// Characters that cannot be seen, or that turn the reading direction, are spelled out; joiners belong to scripts.
function seen(words) {
  return words.replace(/[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, (character) =>
    `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`
  )
}
