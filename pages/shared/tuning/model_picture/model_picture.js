// Boxes from the prompt to the next token; the parts that a method trains are filled. All text through textContent.
export default function (component) {
  const { parentElement, data } = component
  const root = parentElement.querySelector(".picture")
  root.setAttribute("role", "img")
  root.setAttribute("aria-label", data.label)
  const hot = new Set(data.parts)
  const box = (name, words, small = "") => {
    const trained = hot.has(name)
    const element = part("div", `box ${trained ? "hot" : ""}`)
    element.append(part("span", "words", words))
    if (trained) element.append(part("span", "mark", data.mark))
    else if (small) element.append(part("span", "small", small))
    return element
  }
  const input = part("div", "column")
  if (hot.has("prompt")) input.append(box("prompt", "before the prompt"))
  input.append(part("div", "box text", "your prompt"))
  const layers = part("div", "layers")
  const stack = data.last ? [layer(false), layer(true)] : [layer(true)]
  function layer(open) {
    const element = part("div", `layer ${open ? "" : "closed"}`)
    if (!open) {
      element.append(part("span", "small", "first layers: frozen"))
      return element
    }
    element.append(part("span", "title", data.last ? `last ${data.last} layers` : "every layer"))
    const inside = part("div", "inside")
    inside.append(box("keys-values", "keys, values", data.frozen), box("attention", "attention", data.frozen), box("mlp", "feed-forward", data.frozen))
    element.append(inside)
    return element
  }
  layers.append(...stack)
  const chain = [input, box("embedding", "embedding"), layers, box("norm", "norm"), box("head", "output"), part("div", "box text", "next token")]
  root.replaceChildren(...chain.flatMap((each, place) => (place ? [part("span", "arrow", "→"), each] : [each])))
}

function part(tag, name, text) {
  const element = document.createElement(tag)
  element.className = name.trim()
  if (text !== undefined) element.textContent = text
  return element
}
