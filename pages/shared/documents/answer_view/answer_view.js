// Draws an answer in parts and reports the chosen citation. Everything that somebody wrote goes through textContent.
// Only parts that differ are touched: a streaming answer must not lose the focus or the reader's text selection.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const root = parentElement.querySelector(".answer")
  const legend = parentElement.querySelector(".legend")
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", data.label)
  root.classList.toggle("running", data.running)
  legend.hidden = !data.parts.some((part) => part.doubtful)
  if (!legend.firstChild) drawLegend(legend)

  while (root.children.length > data.parts.length) root.lastElementChild.remove()
  data.parts.forEach((part, place) => {
    const clickable = data.clickable && part.n !== null && !part.bad
    const signature = JSON.stringify([part, clickable, data.chosen === part.n])
    const old = root.children[place]
    if (old?.signature === signature) return
    const element = document.createElement(clickable ? "button" : "span")
    element.signature = signature
    element.textContent = part.n === null ? part.t : String(part.n)
    element.className = [part.n !== null && "cite", part.bad && "bad", part.doubtful && "doubtful"].filter(Boolean).join(" ")
    if (part.about) element.title = part.about
    if (clickable) {
      element.type = "button"
      element.setAttribute("aria-label", `Open passage ${part.n}: ${part.about}`)
      element.setAttribute("aria-pressed", String(data.chosen === part.n))
      element.onclick = () => setTriggerValue("chosen", part.n)
    }
    old ? old.replaceWith(element) : root.append(element)
  })
}

function drawLegend(legend) {
  const sample = document.createElement("span")
  sample.className = "doubtful"
  sample.textContent = "underlined"
  legend.append(sample, ": nothing in the passages supports this sentence")
}
