// Draws spans and reports the chosen one. Runs again on every change of data, so it only touches spans that differ:
// a streaming answer must not lose the focus or the reader's text selection.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const root = parentElement.querySelector(".tokens")
  const legend = parentElement.querySelector(".legend")
  root.setAttribute("aria-label", data.label)
  root.setAttribute("role", "group")
  root.classList.toggle("running", data.running)
  legend.hidden = !data.legend || !data.shaded || !data.spans.some((span) => span.p !== null)
  if (!legend.firstChild) drawLegend(legend)

  while (root.children.length > data.spans.length) root.lastElementChild.remove()
  data.spans.forEach((span, place) => {
    let element = root.children[place]
    if (!element) {
      element = document.createElement("span")
      root.append(element)
    }
    const clickable = data.clickable && span.i !== null
    const signature = JSON.stringify([span, data.shaded, clickable, data.chosen === span.i])
    if (element.signature === signature) return
    element.signature = signature
    element.index = span.i
    element.textContent = span.t
    element.className = [span.k, data.shaded ? band(span.p) : "", clickable ? "choosable" : ""].join(" ").trim()
    element.style.setProperty("--surprise", data.shaded && span.p !== null ? surprise(span.p) : "0%")
    describe(element, span, clickable, clickable && data.chosen === span.i)
  })

  const choosable = () => [...root.querySelectorAll(".choosable")]
  const focusable = root.querySelector('[aria-pressed="true"]') ?? root.querySelector(".choosable")
  for (const element of choosable()) element.tabIndex = element === focusable ? 0 : -1

  const choose = (element) => {
    if (element?.classList?.contains("choosable")) setTriggerValue("chosen", element.index)
  }
  root.onclick = (event) => {
    // dragging over text selects it; that is not a choice
    if (String(document.getSelection()) === "") choose(event.target)
  }
  root.onkeydown = (event) => {
    const all = choosable()
    const at = all.indexOf(event.target)
    if (at < 0) return
    if (event.key === "Enter" || event.key === " ") choose(event.target)
    else if (event.key === "ArrowRight" || event.key === "ArrowDown") move(all, at, 1)
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") move(all, at, -1)
    else return
    event.preventDefault()
  }
}

function move(all, from, step) {
  const next = all[from + step]
  if (!next) return
  all[from].tabIndex = -1
  next.tabIndex = 0
  next.focus()
}

// Strength of the tint grows with the surprise in bits: none down to 50 % (1 bit), full from 0.4 % (8 bits) on.
function surprise(probability) {
  const bits = Math.min(8, -Math.log2(Math.max(probability, 1e-9)))
  return `${Math.round((Math.max(0, bits - 1) / 7) * 44)}%`
}

// The same in three steps as an underline, for eyes that do not see the tint.
function band(probability) {
  if (probability === null || probability >= 0.1) return ""
  return probability >= 0.01 ? "unlikely" : "rare"
}

function percent(probability) {
  if (probability >= 0.0995) return `${(probability * 100).toFixed(0)} %`
  return probability >= 0.001 ? `${(probability * 100).toFixed(1)} %` : "under 0.1 %"
}

function describe(element, span, clickable, pressed) {
  const note = span.p === null ? "" : percent(span.p)
  const title = { given: "given: the answer began with this", fork: `fork ${note}`, special: `${span.t} ${note}` }
  element.title = title[span.k] ?? note
  if (!clickable) {
    for (const name of ["role", "aria-pressed", "aria-label", "tabindex"]) element.removeAttribute(name)
    return
  }
  element.setAttribute("role", "button")
  element.setAttribute("aria-pressed", String(pressed))
  element.setAttribute("aria-label", `${span.t.trim() || "white space"}, ${note || "probability not known"}`)
}

function drawLegend(legend) {
  const steps = [["over 50 %", 0.8], ["10–50 %", 0.2], ["1–10 %", 0.04], ["under 1 %", 0.004]]
  legend.append("probability of each token: ")
  for (const [text, probability] of steps) {
    const swatch = document.createElement("span")
    swatch.className = band(probability)
    swatch.style.setProperty("--surprise", surprise(probability))
    swatch.textContent = text
    legend.append(swatch, " ")
  }
}
