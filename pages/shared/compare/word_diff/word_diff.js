// Draws pieces of a text. Everything that somebody wrote goes through textContent. Runs again on every change of data,
// and touches nothing while the data stays: a rerun must not lose the reader's text selection.
export default function (component) {
  const { parentElement, data } = component
  const root = parentElement.querySelector(".pieces")
  const signature = JSON.stringify(data)
  if (root.signature === signature) return
  root.signature = signature
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", data.label)
  root.replaceChildren(...data.pieces.map(piece))
  const same = !data.counts.removed && !data.counts.added && !data.pieces.some((each) => each.k !== "same")
  parentElement.querySelector(".legend").textContent = same
    ? `The same text, ${data.legend}.`
    : `${data.legend}: + ${words(data.counts.added)} only here, − ${words(data.counts.removed)} only there`
}

function piece({ k, t }) {
  if (k === "same") {
    const element = document.createElement("span")
    element.textContent = t
    return element
  }
  const element = document.createElement(k === "removed" ? "del" : "ins")
  // the space before a word is not underlined, and stands before the sign
  const space = t.match(/^\s*/)[0]
  const lead = space === t ? "" : space
  const sign = document.createElement("span")
  sign.className = "sign"
  sign.textContent = k === "removed" ? "−\u2060" : "+\u2060" // no line ends between a sign and its word
  sign.setAttribute("aria-label", k === "removed" ? "only there:" : "only here:")
  const text = document.createElement("span")
  text.textContent = seen(t.slice(lead.length))
  element.append(sign, text)
  const whole = document.createElement("span")
  whole.append(lead, element)
  return whole
}

function words(count) {
  return `${count} ${count === 1 ? "word" : "words"}`
}

// Characters that cannot be seen, or that turn the reading direction, are spelled out; line ends that changed too.
function seen(text) {
  return text
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, (character) =>
      `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`
    )
    .replaceAll("\n", "⏎\n")
    .replaceAll("\t", "⇥\t")
}
